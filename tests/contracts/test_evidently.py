"""Names of Evidently that `monitoring/report/evidently_parts.py` uses, most of them internal, and where they broke."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.report import evidently_parts as parts

PLACE = "see monitoring/report/evidently_parts.py"
INTERNAL: Mapping[str, tuple[str, ...]] = {
    "evidently.core.metric_types": ("render_widgets",),
    "evidently.legacy.calculations.stattests.registry": ("StatTest", "get_registered_stattest", "register_stattest"),
    "evidently.legacy.core": ("ColumnType",),
    "evidently.legacy.metric_results": ("HistogramData",),
    "evidently.legacy.options": ("ColorOptions",),
    "evidently.legacy.renderers.html_widgets": (
        *("CounterData", "TabData", "counter", "group_widget", "plotly_data", "widget_tabs"),
    ),
    "evidently.legacy.utils.visualizations": ("plot_agg_line_data", "plot_distr_with_perc_button"),
    "evidently.metrics.column_statistics": ("ValueDrift", "ValueDriftCalculation"),
}


@pytest.mark.parametrize("module", INTERNAL)
def test_internal_names_are_there(module: str) -> None:
    """Each name is imported from where it was; the message lists those that moved."""
    missing = [name for name in INTERNAL[module] if not hasattr(import_module(module), name)]
    assert missing == [], f"evidently: {module} lost {missing}, {PLACE}"


def test_each_method_is_a_test_of_evidently() -> None:
    """Evidently computes each of its methods under a name of ours, and takes our decided scores as its own."""
    from evidently.legacy.calculations.stattests.registry import get_registered_stattest
    from evidently.legacy.core import ColumnType

    parts.evidently()
    types = {"numeric": ColumnType.Numerical, "categorical": ColumnType.Categorical}
    for name, method in METHODS.items():
        for kind in method.kinds:
            found = get_registered_stattest(parts.registered(name), types[kind])
            assert found.name == parts.registered(name), f"evidently: {name} is not registered, {PLACE}"


def run(score: Any = None) -> tuple[float, Any]:
    """One column with a shift, scored by Evidently."""
    made = parts.evidently()
    definition = made.DataDefinition(numerical_columns=["c0"])
    draw = np.random.default_rng(0)
    old, new = (pd.DataFrame({"c0": draw.normal(mean, size=300)}) for mean in (0, 1))
    current, reference = (made.Rows(side, data_definition=definition) for side in (new, old))
    metric = made.Metric(column="c0", method=parts.registered("evidently:wasserstein"), threshold=0.1)
    return parts.outcome(made.Report([metric]).run(current, reference), metric)


def test_a_calculation_draws_when_asked() -> None:
    """The score comes without figures; `widgets` then draws them, with a distribution of both sides."""
    score, calculation = run()
    assert score > 0.5, f"evidently: the score of a shift of one standard deviation is {score}, {PLACE}"
    assert calculation.drift is not None, f"evidently: ValueDriftCalculation._render is no longer called, {PLACE}"
    titles = [tab.title for widget in calculation.widgets("fare") for tab in _all_tabs(widget)]
    assert "DATA DISTRIBUTION" in titles, f"evidently: a column's tabs are now {titles}, {PLACE}"


def test_a_page_has_one_random_id() -> None:
    """Evidently names its data `metric_` with 32 digits; replaced, the same input makes the same page."""
    made = parts.evidently()
    widget = made.counter(title="", counters=[made.CounterData("nothing", "here")])
    widget.id = "w1"
    pages = [made.render_widgets([widget]) for _ in range(2)]
    assert pages[0] != pages[1], f"evidently: pages have no random id, steady_ids is not needed, {PLACE}"
    assert parts.steady_ids(pages[0]) == parts.steady_ids(pages[1]), f"evidently: the random id changed, {PLACE}"


def _all_tabs(widget: Any) -> list[Any]:
    inner = [tab for child in [*widget.widgets, *(tab.widget for tab in widget.tabs)] for tab in _all_tabs(child)]
    return [*widget.tabs, *inner]
