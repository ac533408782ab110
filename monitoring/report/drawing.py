"""Drawing of the report by Evidently, and scores of its methods."""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import METHODS, in_order, strain, verdict
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import Check, ColumnReference, ColumnScore
from driftloop.monitoring.report.evidently_parts import DECIDED, evidently, outcome, registered, steady_ids
from driftloop.monitoring.report.page import dress, redress
from driftloop.monitoring.report.samples import cap, distinct, draw, fence
from driftloop.monitoring.report.shared_script import attached, detached, whole

PLACE = re.compile(r'"driftloop contents of (w[0-9]+)"')


@dataclass(frozen=True)
class Measured:
    """Scores of all columns in their order, and Evidently's HTML page of the most drifted ones."""

    scores: tuple[ColumnScore, ...]
    page: str


@dataclass(frozen=True)
class Ran:
    """One column's score and the calculation that can still draw its figures."""

    score: float
    calculation: Any


@dataclass(frozen=True)
class Column:
    """One column for Evidently: with a generated key, comparable sides, and a harmless label."""

    key: str
    label: str
    settings: ColumnReference
    reference: pd.Series
    current: pd.Series

    @property
    def empty(self) -> tuple[bool, bool]:
        """Return whether the reference side and the current side have no value at all."""
        return bool(self.reference.isna().all()), bool(self.current.isna().all())


def measure(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Sequence[ColumnReference],
    settings: Drift,
    decided: Sequence[ColumnScore] = (),
) -> Measured:
    """Score the columns with methods of Evidently, and draw the most drifted of all columns, in one run of it.

    `decided` are the scores of the other columns, which the page shows unchanged. At most `settings.sample_rows` rows
    per side are used; the same input returns the same scores and page. A column with values on one side only gets its
    method's worst score (at least its threshold), a column without values the score of no drift; the page shows both
    as text.
    """
    by_name = {score.name: score for score in decided}
    nearest = sorted(decided, key=strain, reverse=True)[: settings.report_columns]
    selected = {score.name for score in nearest} | {column.name for column in columns if column.name not in by_name}
    missing = [name for name in selected if name not in reference or name not in current]
    if missing:
        raise Unscored(sorted(missing))
    sides = [draw(frame, settings.sample_rows, settings.seed) for frame in (reference, current)]
    compared = comparable(sides[0], sides[1], columns, selected, settings.max_levels)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = _run([column for column in compared if not any(column.empty)], by_name)
        by_name |= {c.settings.name: _theirs(c, run) for c in compared if c.settings.name not in by_name}
        order = sorted(compared, key=lambda column: -strain(by_name[column.settings.name]))
        page = _render(order[: settings.report_columns], run)
    return Measured(in_order(columns, by_name.values()), page)


def write_report(page: str, check: Check, path: Path, scripts: Path | None = None, site: Path | None = None) -> None:
    """Write Evidently's page with the verdict at the top, whole or not at all; an empty page is the verdict alone.

    With `scripts`, a folder, the page refers to one script there; without it the page needs no other file. `site` is
    the page of the model, which it links to.
    """
    back = None if site is None else quote(Path(os.path.relpath(site, path.parent)).as_posix())
    dressed = dress(detached(page), check, back)
    _write(whole(dressed) if scripts is None else attached(dressed, path, scripts), path)


def renew_report(path: Path, check: Check) -> bool:
    """Update the verdict of a check's report, whole or not at all; False if the file is not a report of driftloop."""
    page = redress(path.read_text("utf-8"), check)
    if page is not None:
        _write(page, path)
    return page is not None


def _write(page: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(page)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def comparable(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Sequence[ColumnReference],
    selected: Container[str],
    max_levels: int,
) -> list[Column]:
    """Return the selected columns as Evidently can compare them: fenced numbers, capped categories, harmless labels."""
    compared = []
    for number, (settings, label) in enumerate(zip(columns, distinct(column.name for column in columns), strict=True)):
        if settings.name not in selected:
            continue
        old, new = reference[settings.name], current[settings.name]
        if settings.kind == "numeric":
            old, new = fence(old, settings), fence(new, settings)
        else:
            old, new = cap(old, new, settings, max_levels)
        compared.append(Column(f"c{number}", label, settings, old, new))
    return compared


def _theirs(column: Column, run: Mapping[str, Ran]) -> ColumnScore:
    method, limit = METHODS[column.settings.method], column.settings.threshold
    assert limit is not None
    if column.key in run:
        score = run[column.key].score
    elif all(column.empty):
        score = method.none
    else:
        score = max(method.worst, limit) if method.direction == "higher" else method.worst
    return verdict(column.settings, method.name, score, limit)


def datasets(columns: Mapping[str, Column]) -> tuple[Any, Any]:
    """Return the reference and the current rows as datasets of Evidently, with these columns by their names in it."""
    parts = evidently()
    definition = parts.DataDefinition(
        numerical_columns=[name for name, column in columns.items() if column.settings.kind == "numeric"],
        categorical_columns=[name for name, column in columns.items() if column.settings.kind == "categorical"],
        text_columns=[],
        datetime_columns=[],
        unknown_columns=[],
        list_columns=[],
    )
    reference = {name: column.reference for name, column in columns.items()}
    current = {name: column.current for name, column in columns.items()}
    old, new = (parts.Rows(pd.DataFrame(side, copy=False), data_definition=definition) for side in (reference, current))
    return old, new


def _run(columns: Sequence[Column], decided: Mapping[str, ColumnScore]) -> dict[str, Ran]:
    """Run Evidently over all columns, by key, without the figures, which take most of its time."""
    if not columns:
        return {}
    parts = evidently()
    reference, current = datasets({column.key: column for column in columns})
    ours = {column.key: decided[column.settings.name] for column in columns if column.settings.name in decided}
    metrics = {
        column.key: parts.Metric(
            column=column.key,
            method=registered((ours.get(column.key) or column.settings).method),
            threshold=(ours.get(column.key) or column.settings).threshold,
        )
        for column in columns
    }
    before = DECIDED.set(ours)
    try:
        snapshot = parts.Report(list(metrics.values())).run(current, reference)
    finally:
        DECIDED.reset(before)
    return {key: Ran(*outcome(snapshot, metric)) for key, metric in metrics.items()}


def _render(columns: Sequence[Column], run: dict[str, Ran]) -> str:
    parts = evidently()
    widgets: list[Any] = []
    for column in columns:
        ran = run.get(column.key)
        if ran is not None and ran.calculation.drift is not None:
            widgets += ran.calculation.widgets(column.label)
            continue
        old, new = column.empty
        side = "either side" if old and new else "the reference side" if old else "the current side"
        reason = "Numbers this large and this close to each other cannot be drawn." if ran else f"No values on {side}."
        counter = parts.CounterData(reason, f"Drift in column '{column.label}'")
        widgets.append(parts.counter(title="", counters=[counter]))
    group = parts.group_widget(title="", widgets=widgets)
    contents: dict[str, Any] = {}
    _number([group], count(1), contents)
    page = steady_ids(parts.render_widgets([group]))
    return PLACE.sub(lambda place: json.dumps(contents[place.group(1)], cls=parts.NumpyEncoder), page)


def _number(widgets: Iterable[Any], numbers: count[int], contents: dict[str, Any]) -> None:
    """Give the widgets steady ids, and move what they show to `contents`: Evidently copies every number of it twice."""
    for widget in widgets:
        widget.id = f"w{next(numbers)}"
        if widget.params is not None:
            contents[widget.id], widget.params = widget.params, f"driftloop contents of {widget.id}"
        for tab in widget.tabs:
            tab.id = f"w{next(numbers)}"
            _number([tab.widget], numbers, contents)
        _number(widget.widgets, numbers, contents)
