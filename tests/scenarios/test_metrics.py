"""Metrics next to the loss, from the check to report, site, MLflow and status, on real parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.operations.status import as_table, collect
from driftloop.pipelines.operations.words import format_check
from driftloop.pipelines.registry import client
from driftloop.pipelines.runtime import home
from tests.streams import day, stream

Make = Callable[..., Any]
ASKED = ["roc_auc", {"metric": "precision", "threshold": 0.3}, "recall", "calibration_error"]
COSTS = {"loss": "cost_matrix", "costs": {"no": {"yes": 1}, "yes": {"no": 4}}}


def test_a_drop_of_a_metric_retrains(model: Make) -> None:
    """The area under the curve falls with the concept: the trigger on it fires, and every view shows the value."""
    frame = stream(42, task="binary")
    other = frame["y"].map({"yes": "no", "no": "yes"})
    made = model(
        frame.assign(y=np.where(frame["ts"] >= day(28), other, frame["y"])),
        task="binary",
        metrics=ASKED,
        performance=COSTS,
        training__window="14d",
        training__holdout="4d",
        gate__metric_floor={"roc_auc": 0.6},
        policies__triggers=[{"policy": "performance_drop", "metric": "roc_auc", "max_rise": 0.05}],
    )
    first = made.check(day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    good: Any = made.check(day(28))
    assert good.outcome is Outcome.STEADY, good.reason
    by_name = {one.metric: one for one in good.metrics}
    assert list(by_name) == ["roc_auc", "precision(0.3)", "recall", "calibration_error"]
    assert all(one.value is not None and one.reference is not None and one.low is not None for one in good.metrics)
    assert good.votes[0].reason.startswith("roc_auc ")
    assert good.confusion.rows == sum(map(sum, good.confusion.counts)) == sum(one.rows for one in good.calibration)
    struck: Any = made.check(day(35))
    assert struck.decision == "retrain"
    assert struck.votes[0].vote == "fire"
    assert {one.metric: one.value for one in struck.metrics}["roc_auc"] < by_name["roc_auc"].value - 0.3
    page = Path(struck.report).read_text("utf-8")
    for words in ("Metrics", "precision(0.3)", "Confusion matrix", "Calibration", "worse than the reference"):
        assert words in page
    assert "cost_matrix({" not in page
    run = client().get_run(struck.mlflow_run_id)
    assert run.data.metrics["metric/roc_auc"] == pytest.approx(dict(_values(struck))["roc_auc"])
    assert run.data.metrics["metric_reference/roc_auc"] == pytest.approx(by_name["roc_auc"].reference)
    assert "metric roc_auc" in format_check(struck, made.file)
    _shown_elsewhere(made, struck)


def _shown_elsewhere(made: Any, struck: Any) -> None:
    """Status as JSON and text, and the page of the site, have the metrics of the same check."""
    (row,) = collect(made.name)
    assert row["metrics"] == pytest.approx(dict(_values(struck)))
    if row["champion"] == struck.champion:
        assert "roc_auc" in row["metrics_worse"]
        assert "metrics: roc_auc " in as_table([row])
        assert ", worse)" in row["metrics_in_words"]
    page = (home.home() / "site" / "models" / f"{made.name}.html").read_text("utf-8")
    assert "<h2>Metrics <small>" in page
    assert "precision(0.3) at " in page


def _values(check: Any) -> list[tuple[str, float]]:
    return [(one.metric, one.value) for one in check.metrics]


def test_one_class_is_reported(sibling: Make) -> None:
    """A window with one class has no curve: the metric has the reason, and the trigger does not judge."""
    fresh = stream(42, task="binary").assign(y=lambda rows: np.where(rows["ts"] >= day(28), "no", rows["y"]))
    later = {"policies__triggers": [{"policy": "performance_drop", "metric": "roc_auc"}]}
    check: Any = sibling(fresh, task="binary", later=later).check(day(35))
    assert check.outcome is Outcome.STEADY, check.reason
    found = {one.metric: one for one in check.metrics}
    assert found["roc_auc"].value is None
    assert "labels are other than 'yes'" in found["roc_auc"].reason
    assert found["calibration_error"].value is not None
    assert check.votes[0].vote == "not_applicable"
    assert "roc_auc cannot be computed" in check.votes[0].reason


def test_a_floor_rejects_a_challenger(model: Make) -> None:
    """A first model below the floor is rejected with its metric, although it beats the naive baseline."""
    made = model(stream(), metrics=[], gate__metric_floor={"r2": 0.999})
    check: Any = made.check(day(21))
    assert check.outcome is Outcome.REJECTED, check.reason
    assert check.retrain.code == "below_metric_floor"
    assert "r2 0.9" in check.reason
    assert "at least 0.999 is required" in check.reason
