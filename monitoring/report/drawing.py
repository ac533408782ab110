"""Draws the report by Evidently, scores what is left to its methods. Decides nothing of our own methods."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import METHODS, in_order, strain, verdict
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import Check, ColumnReference, ColumnScore
from driftloop.monitoring.report.evidently_parts import DECIDED, evidently, outcome, registered, steady_ids
from driftloop.monitoring.report.page import dress, redress
from driftloop.monitoring.report.samples import cap, distinct, draw, fence


@dataclass(frozen=True)
class Measured:
    """A score for every column in their order, and Evidently's HTML page over the most drifted ones."""

    scores: tuple[ColumnScore, ...]
    page: str


@dataclass(frozen=True)
class Ran:
    """One column's score and the calculation that can still draw its figures."""

    score: float
    calculation: Any


@dataclass(frozen=True)
class Column:
    """One column as Evidently gets it: under a key of ours, both sides comparable, with a harmless label."""

    key: str
    label: str
    told: ColumnReference
    reference: pd.Series
    current: pd.Series

    @property
    def empty(self) -> tuple[bool, bool]:
        """Whether the reference and the current side hold no value at all."""
        return bool(self.reference.isna().all()), bool(self.current.isna().all())


def measure(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Sequence[ColumnReference],
    settings: Drift,
    decided: Sequence[ColumnScore] = (),
) -> Measured:
    """Score the columns that are left to Evidently, and draw the most drifted of all, in one run of it.

    `decided` are the scores of the others, which the page shows as they are. Of the rows at most `settings.sample_rows`
    a side are looked at; same input, same scores, same page. A column with values on one side only gets its method's
    worst score (at least its threshold), one without values on either side that of no drift; both are told as text.
    """
    by_name = {score.name: score for score in decided}
    nearest = sorted(decided, key=strain, reverse=True)[: settings.report_columns]
    wanted = {score.name for score in nearest} | {column.name for column in columns if column.name not in by_name}
    lost = [name for name in wanted if name not in reference or name not in current]
    if lost:
        raise Unscored(sorted(lost))
    sides = [draw(frame, settings.sample_rows, settings.seed) for frame in (reference, current)]
    compared = _compare(sides[0], sides[1], columns, wanted, settings.max_levels)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = _run([column for column in compared if not any(column.empty)], by_name)
        by_name |= {c.told.name: _theirs(c, run) for c in compared if c.told.name not in by_name}
        order = sorted(compared, key=lambda column: -strain(by_name[column.told.name]))
        page = _render(order[: settings.report_columns], run)
    return Measured(in_order(columns, by_name.values()), page)


def write_report(page: str, check: Check, path: Path) -> None:
    """Write Evidently's page with the verdict on top, whole or not at all; an empty page is the verdict alone."""
    _write(dress(page, check), path)


def renew_report(path: Path, check: Check) -> bool:
    """Put the last word of a check onto its report, whole or not at all; False where that is no report of ours."""
    made = redress(path.read_text("utf-8"), check)
    if made is not None:
        _write(made, path)
    return made is not None


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


def _compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Sequence[ColumnReference],
    wanted: set[str],
    max_levels: int,
) -> list[Column]:
    compared = []
    for number, (told, label) in enumerate(zip(columns, distinct(column.name for column in columns), strict=True)):
        if told.name not in wanted:
            continue
        old, new = reference[told.name], current[told.name]
        if told.kind == "numeric":
            old, new = fence(old, told), fence(new, told)
        else:
            old, new = cap(old, new, told, max_levels)
        compared.append(Column(f"c{number}", label, told, old, new))
    return compared


def _theirs(column: Column, run: Mapping[str, Ran]) -> ColumnScore:
    method, limit = METHODS[column.told.method], column.told.threshold
    assert limit is not None
    if column.key in run:
        score = run[column.key].score
    elif all(column.empty):
        score = method.none
    else:
        score = max(method.worst, limit) if method.direction == "higher" else method.worst
    return verdict(column.told, method.name, score, limit)


def _run(columns: Sequence[Column], decided: Mapping[str, ColumnScore]) -> dict[str, Ran]:
    """Run Evidently over all columns at once, by key. The figures are not drawn yet: they are most of its time."""
    if not columns:
        return {}
    parts = evidently()
    definition = parts.DataDefinition(
        numerical_columns=[column.key for column in columns if column.told.kind == "numeric"],
        categorical_columns=[column.key for column in columns if column.told.kind == "categorical"],
        text_columns=[],
        datetime_columns=[],
        unknown_columns=[],
        list_columns=[],
    )
    reference, current = (
        parts.Dataset.from_pandas(pd.DataFrame(side), data_definition=definition)
        for side in (
            {column.key: column.reference for column in columns},
            {column.key: column.current for column in columns},
        )
    )
    ours = {column.key: decided[column.told.name] for column in columns if column.told.name in decided}
    metrics = {
        column.key: parts.Metric(
            column=column.key,
            method=registered((ours.get(column.key) or column.told).method),
            threshold=(ours.get(column.key) or column.told).threshold,
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
        why = (
            "Numbers this large and this close together cannot be drawn." if ran else f"There are no values on {side}."
        )
        told = parts.CounterData(why, f"Drift in column '{column.label}'")
        widgets.append(parts.counter(title="", counters=[told]))
    group = parts.group_widget(title="", widgets=widgets)
    _number([group], count(1))
    return steady_ids(parts.render_widgets([group]))


def _number(widgets: Iterable[Any], numbers: count[int]) -> None:
    for widget in widgets:
        widget.id = f"w{next(numbers)}"
        for tab in widget.tabs:
            tab.id = f"w{next(numbers)}"
            _number([tab.widget], numbers)
        _number(widget.widgets, numbers)
