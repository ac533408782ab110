"""What is used of Evidently: imported once, its tests made ours, its metric drawn later. Alone imports evidently."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache, partial
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pandas as pd

from driftloop.monitoring.drift.methods import EVIDENTLY, METHODS, SHARES
from driftloop.monitoring.records import ColumnScore
from driftloop.monitoring.report.evidently_scores import measure_one
from driftloop.monitoring.report.figures import Pattern, bars, over_rows

PREFIX = "driftloop_"
LOADING = Lock()
# What was decided of each column of this run, by the key that Evidently knows it by.
DECIDED: ContextVar[Mapping[str, ColumnScore]] = ContextVar("DECIDED")


def preload() -> None:
    """Import Evidently now, so that the first report does not wait for it."""
    evidently()


def evidently() -> SimpleNamespace:
    """Import once (some 4 s) what is used of Evidently; a second thread waits for the first."""
    with LOADING:
        return _load()


@cache
def _load() -> SimpleNamespace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently import DataDefinition, Report
        from evidently.core.metric_types import render_widgets
        from evidently.legacy.renderers.html_widgets import CounterData, counter, group_widget
        from evidently.legacy.utils import NumpyEncoder
        from evidently.metrics.column_statistics import ValueDrift
        from evidently.sdk.models import (
            DashboardModel,
            DashboardPanelPlot,
            DashboardTabModel,
            PanelMetric,
            ProjectModel,
        )
    _register_tests()
    return SimpleNamespace(
        DataDefinition=DataDefinition,
        Report=Report,
        Rows=_rows(),
        Metric=_drawn_later(),
        ValueDrift=ValueDrift,
        DashboardModel=DashboardModel,
        DashboardPanelPlot=DashboardPanelPlot,
        DashboardTabModel=DashboardTabModel,
        PanelMetric=PanelMetric,
        ProjectModel=ProjectModel,
        NumpyEncoder=NumpyEncoder,
        CounterData=CounterData,
        counter=counter,
        group_widget=group_widget,
        render_widgets=render_widgets,
    )


def _register_tests() -> None:
    """Give Evidently what was decided as its own tests, and each of its methods once more behind `measure_one`."""
    from evidently.legacy.calculations.stattests.registry import StatTest, get_registered_stattest, register_stattest
    from evidently.legacy.core import ColumnType

    types = {"numeric": ColumnType.Numerical, "categorical": ColumnType.Categorical}
    for name in [*(name for name, method in METHODS.items() if method.own), *SHARES]:
        register_stattest(StatTest(registered(name), name.replace("_", " "), [*types.values()], 0.0), _as_decided)
    for name, method in METHODS.items():
        if method.own:
            continue
        allowed = [types[kind] for kind in sorted(method.kinds)]
        theirs = get_registered_stattest(name.removeprefix(EVIDENTLY), allowed[0])
        ours = StatTest(registered(name), theirs.display_name, allowed, method.default_threshold)
        register_stattest(ours, partial(measure_one, method, theirs.func))
        register_stattest(StatTest(decided(name), theirs.display_name, allowed, 0.0), _as_decided)


def outcome(snapshot: Any, metric: Any) -> tuple[float, Any]:
    """Return the score of a metric in a finished run, and the calculation that can draw it."""
    return float(snapshot.metric_results[metric.metric_id].value), snapshot.context.get_metric(metric.metric_id)


def steady_ids(page: str) -> str:
    """Return a page with a fixed id of its data. Evidently's is random; equal input makes an equal page."""
    drawn = re.search(r"metric_[0-9a-f]{32}", page)
    return page.replace(drawn.group(), "evidently_report") if drawn else page


def registered(method: str) -> str:
    """The name by which Evidently knows a method once it is ours."""
    return PREFIX + method.replace(":", "_")


def decided(method: str) -> str:
    """The name of a test that only shows the score and the verdict in `DECIDED` of a method."""
    return registered(method if method in SHARES or METHODS[method].own else f"decided:{method}")


def _as_decided(reference: pd.Series, *_: Any) -> tuple[float, bool]:
    """A test for Evidently that has been done: the page shows the number that the decision was made on."""
    known = DECIDED.get()[str(reference.name)]
    return known.score, known.drifted


def _rows() -> Any:
    """Evidently's Dataset without the quantiles and counts of each column that ValueDrift does not read."""
    from evidently.core.datasets import ColumnStats, GeneralColumnStats, PandasDataset, StatCountValue

    class Rows(PandasDataset):
        def _collect_stats(self, column_type: Any, data: pd.Series) -> Any:
            return ColumnStats(GeneralColumnStats(StatCountValue(0, 0)), None, None)

    return Rows


def _drawn_later() -> Any:
    """Evidently's ValueDrift, its calculation keeping the result instead of drawing figures that may never be shown."""
    from abc import ABC

    from evidently.legacy.calculations.stattests.registry import get_registered_stattest
    from evidently.metrics.column_statistics import ValueDrift, ValueDriftCalculation

    draw = _drawing()

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
            return draw(self.drift, label)

    DriftloopValueDrift.__calculation_type__ = Calculation
    return DriftloopValueDrift


def _drawing() -> Callable[[Any, str], list[Any]]:
    """What draws the widgets of a column as ValueDrift does: its verdict, its mean over the rows, its distribution."""
    from evidently.legacy.metric_results import HistogramData
    from evidently.legacy.options import ColorOptions
    from evidently.legacy.renderers.html_widgets import CounterData, TabData, counter, plotly_data, widget_tabs
    from evidently.legacy.utils.visualizations import plot_agg_line_data, plot_distr_with_perc_button

    bins = pd.DataFrame({"per": [0, 1], "mean": [0.0, 1.0], "std": [0.0, 1.0]})
    line = Pattern.of(
        plot_agg_line_data(
            curr_data={"current (mean)": bins},
            ref_data=None,
            line=0.0,
            std=1.0,
            xaxis_name="Index binned",
            xaxis_name_ref=None,
            yaxis_name="mean +/- std",
            color_options=ColorOptions(),
            return_json=False,
            line_name="reference (mean)",
        )
    )
    some = HistogramData(x=pd.Series([0, 1]), count=pd.Series([1, 1]))
    distribution = Pattern.of(
        plot_distr_with_perc_button(
            hist_curr=some,
            hist_ref=some,
            yaxis_name="Count",
            yaxis_name_perc="Percent",
            color_options=ColorOptions(),
            subplots=False,
            to_json=False,
        )
    )

    def draw(drift: Any, label: str) -> list[Any]:
        tabs = {}
        if drift.scatter is not None:
            ((_, binned),) = drift.scatter.scatter.items()
            points = over_rows(binned, (drift.scatter.plot_shape["y0"], drift.scatter.plot_shape["y1"]))
            titles = {"xaxis": drift.scatter.x_name, "yaxis": f"{label} (mean +/- std)"}
            tabs["DATA DRIFT"] = line.filled(points, **titles)
        tabs["DATA DISTRIBUTION"] = distribution.filled(bars(drift.current.distribution, drift.reference.distribution))
        sentence = (
            f"Data drift {'detected' if drift.drift_detected else 'not detected'}. "
            f"Drift detection method: {drift.stattest_name}. Drift score: {round(drift.drift_score, 3)}"
        )
        figures = [TabData(title, plotly_data(title="", **figure)) for title, figure in tabs.items()]
        verdict = counter(title="", counters=[CounterData(sentence, f"Drift in column '{label}'")])
        return [verdict, widget_tabs(title="", tabs=figures)]

    return draw


class _OneColumn:
    """The two things that ValueDrift asks of a Dataset, cut down to one column."""

    def __init__(self, dataset: Any, key: str) -> None:
        self.column = dataset.column
        self.frame: pd.DataFrame = dataset.as_dataframe()[key].to_frame()

    def as_dataframe(self) -> pd.DataFrame:
        return self.frame
