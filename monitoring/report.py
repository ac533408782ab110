"""Scores the columns with Evidently and writes the HTML report. Alone imports evidently, and only when it is used."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from monitoring.config import Drift
from monitoring.drift import METHODS, strain
from monitoring.errors import Unscored
from monitoring.page import dress
from monitoring.records import Check, ColumnReference
from monitoring.samples import cap, distinct, draw, fence
from monitoring.scoring import measure_one

PREFIX = "driftloop_"
LOADING = Lock()


@dataclass(frozen=True)
class Measured:
    """A score for every column by its name, and Evidently's HTML page over the most drifted ones."""

    scores: dict[str, float]
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
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnReference], settings: Drift
) -> Measured:
    """Score every given column of two canonical frames in one run of Evidently; same input, same scores, same page.

    Other columns of the frames are ignored. A column with values on one side only gets its method's worst score (at
    least its threshold), one without values on either side that of no drift; both are told in the page as text.
    """
    lost = [column.name for column in columns if column.name not in reference or column.name not in current]
    if lost:
        raise Unscored(lost)
    sides = [draw(frame, settings.sample_rows, settings.seed) for frame in (reference, current)]
    compared = _compare(sides[0], sides[1], columns, settings)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = _run([column for column in compared if not any(column.empty)])
        scores = {c.told.name: run[c.key].score if c.key in run else _without_values(c) for c in compared}
        order = sorted(compared, key=lambda column: -_strain(column, scores))
        page = _render(order[: settings.report_columns], run)
    return Measured(scores, page)


def write_report(page: str, check: Check, path: Path) -> None:
    """Write Evidently's page with the verdict on top, whole or not at all; an empty page is the verdict alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(dress(page, check))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _compare(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnReference], settings: Drift
) -> list[Column]:
    compared = []
    for number, (told, label) in enumerate(zip(columns, distinct(column.name for column in columns), strict=True)):
        old, new = reference[told.name], current[told.name]
        if told.kind == "numeric":
            old, new = fence(old, told), fence(new, told)
        else:
            old, new = cap(old, new, told, settings.max_levels)
        compared.append(Column(f"c{number}", label, told, old, new))
    return compared


def _without_values(column: Column) -> float:
    method = METHODS[column.told.method]
    if all(column.empty):
        return method.none
    return max(method.worst, column.told.threshold) if method.direction == "higher" else method.worst


def _strain(column: Column, scores: dict[str, float]) -> float:
    return strain(scores[column.told.name], column.told.threshold, METHODS[column.told.method].direction)


def _run(columns: Sequence[Column]) -> dict[str, Ran]:
    """Run Evidently over all columns at once, by key. The figures are not drawn yet: they are most of its time."""
    if not columns:
        return {}
    evidently = _evidently()
    definition = evidently.DataDefinition(
        numerical_columns=[column.key for column in columns if column.told.kind == "numeric"],
        categorical_columns=[column.key for column in columns if column.told.kind == "categorical"],
        text_columns=[],
        datetime_columns=[],
        unknown_columns=[],
        list_columns=[],
    )
    reference, current = (
        evidently.Dataset.from_pandas(pd.DataFrame(side), data_definition=definition)
        for side in (
            {column.key: column.reference for column in columns},
            {column.key: column.current for column in columns},
        )
    )
    metrics = {
        column.key: evidently.Metric(
            column=column.key, method=PREFIX + column.told.method, threshold=column.told.threshold
        )
        for column in columns
    }
    snapshot = evidently.Report(list(metrics.values())).run(current, reference)
    return {
        key: Ran(float(snapshot.metric_results[metric.metric_id].value), snapshot.context.get_metric(metric.metric_id))
        for key, metric in metrics.items()
    }


def _render(columns: Sequence[Column], run: dict[str, Ran]) -> str:
    evidently = _evidently()
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
        told = evidently.CounterData(why, f"Drift in column '{column.label}'")
        widgets.append(evidently.counter(title="", counters=[told]))
    group = evidently.group_widget(title="", widgets=widgets)
    _number([group], count(1))
    page: str = evidently.render_widgets([group])
    # Evidently names its data by a random id; a fixed one makes equal input an equal page.
    drawn = re.search(r"metric_[0-9a-f]{32}", page)
    return page.replace(drawn.group(), "evidently_report") if drawn else page


def _number(widgets: Iterable[Any], numbers: count[int]) -> None:
    for widget in widgets:
        widget.id = f"w{next(numbers)}"
        for tab in widget.tabs:
            tab.id = f"w{next(numbers)}"
            _number([tab.widget], numbers)
        _number(widget.widgets, numbers)


def preload() -> None:
    """Import Evidently now, so that the first `measure` does not wait for it."""
    _evidently()


def _evidently() -> SimpleNamespace:
    """Import once (some 4 s) what is used of Evidently; a second thread waits for the first."""
    with LOADING:
        return _load()


@cache
def _load() -> SimpleNamespace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently import DataDefinition, Dataset, Report
        from evidently.core.metric_types import render_widgets
        from evidently.legacy.renderers.html_widgets import CounterData, counter, group_widget
    _register_tests()
    return SimpleNamespace(
        DataDefinition=DataDefinition,
        Dataset=Dataset,
        Report=Report,
        Metric=_drawn_later(),
        CounterData=CounterData,
        counter=counter,
        group_widget=group_widget,
        render_widgets=render_widgets,
    )


def _register_tests() -> None:
    """Give Evidently each method once more under our prefix: its own function behind `measure_one`."""
    from evidently.legacy.calculations.stattests.registry import StatTest, get_registered_stattest, register_stattest
    from evidently.legacy.core import ColumnType

    types = {"numeric": ColumnType.Numerical, "categorical": ColumnType.Categorical}
    for name, method in METHODS.items():
        allowed = [types[kind] for kind in sorted(method.kinds)]
        theirs = get_registered_stattest(name, allowed[0])
        ours = StatTest(PREFIX + name, theirs.display_name, allowed, method.default_threshold)
        register_stattest(ours, partial(measure_one, method, theirs.func))


def _drawn_later() -> Any:
    """Evidently's ValueDrift, its calculation keeping the result instead of drawing figures that may never be shown."""
    from abc import ABC

    from evidently.legacy.calculations.stattests.registry import get_registered_stattest
    from evidently.legacy.options import ColorOptions
    from evidently.legacy.options.base import Options
    from evidently.metrics.column_statistics import ValueDrift, ValueDriftCalculation

    class DriftloopValueDrift(ValueDrift):
        """Evidently's own metric under a name of ours."""

    # ABC among the bases keeps Evidently from binding this class to its own ValueDrift as well.
    class Calculation(ValueDriftCalculation, ABC):
        drift: Any = None

        def calculate(self, context: Any, current_data: Any, reference_data: Any) -> Any:
            # Evidently copies the whole frame for every column; of one column there is less to copy.
            key = self.metric.column
            current, reference = _OneColumn(current_data, key), _OneColumn(reference_data, key)
            try:
                return super().calculate(context, current, reference)
            except ValueError:
                # Its plots cannot resolve large numbers that lie close together. Our score can.
                test = get_registered_stattest(self.metric.method, current.column(key).type)
                old, new = reference.frame[key].dropna(), current.frame[key].dropna()
                result = self.result(test(old, new, current.column(key).type, self.metric.threshold).drift_score)
                result.widget = []
                return result

        def _render(self, result: Any, *_: Any) -> list[Any]:
            self.drift = result
            return []

        def widgets(self, label: str) -> list[Any]:
            named = self.drift.copy(update={"column_name": label})
            return list(super()._render(named, Options(), ColorOptions()))

    DriftloopValueDrift.__calculation_type__ = Calculation
    return DriftloopValueDrift


class _OneColumn:
    """The two things that ValueDrift asks of a Dataset, cut down to one column."""

    def __init__(self, dataset: Any, key: str) -> None:
        self.column = dataset.column
        self.frame: pd.DataFrame = dataset.as_dataframe()[[key]]

    def as_dataframe(self) -> pd.DataFrame:
        return self.frame
