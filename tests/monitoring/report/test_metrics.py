"""The report's sections on metrics: a row per metric, a matrix whose shares are of labels, points inside the plot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.records import (
    DASH,
    CalibrationBin,
    Check,
    CheckWindow,
    Confusion,
    MetricValue,
    Outcome,
    changed,
)
from driftloop.monitoring.report.metrics import BOTTOM, LEFT, SIDE, row, values
from driftloop.monitoring.report.page import verdict

NOW = datetime(2026, 3, 8, 6, tzinfo=UTC)
AUC = MetricValue(metric="roc_auc", better="higher", value=0.72, low=0.7, high=0.74, rows=90, reference=0.8)
NONE = MetricValue(metric="recall", better="higher", rows=90, reference=0.8, reason="none of 90 labels is '<yes>'")
NEW = MetricValue(metric="rmse", better="lower", value=2.0, rows=90)
MATRIX = Confusion(classes=("no", "<yes>"), counts=((60, 20), (5, 5)), rows=92)
BINS = (CalibrationBin(rows=80, predicted=0.0, observed=0.0), CalibrationBin(rows=10, predicted=1.0, observed=0.5))


def check() -> Check:
    window = CheckWindow(start=NOW - timedelta(days=7), end=NOW, rows=92)
    return Check(model="tips", check_id="c1", outcome=Outcome.STEADY, reason="wait", window=window, now=NOW)


def test_a_row_states_what_is_worse_or_why_there_is_nothing() -> None:
    """The remark has the decline, the reason that nothing could be computed, or that there is nothing to compare."""
    assert row(AUC)[3:] == (True, "10.0% worse than the reference")
    assert row(NONE)[3:] == (False, "none of 90 labels is '<yes>'")
    assert row(NEW)[3:] == (False, "the champion has no reference value; the next champion gets one")
    far = changed(AUC, metric="calibration_error", better="lower", value=0.4, low=0.3, high=0.5, reference=0.02)
    assert row(far)[4] == "1,900% worse than the reference"


def test_everything_is_on_the_page_and_escaped() -> None:
    """The sections are there for what a check has, and names of classes are escaped."""
    page = verdict(changed(check(), metrics=(AUC, NONE), confusion=MATRIX, calibration=BINS))
    for words in (
        "Metrics",
        f"0.7 {DASH} 0.74",
        "Confusion matrix",
        "predicted &lt;yes&gt;",
        "75%",
        "50%",
        "Calibration",
    ):
        assert words in page
    assert "2 rows of rarer or unknown classes are not shown" in page
    assert "<yes>" not in page
    empty = verdict(check())
    assert not any(word in empty for word in ("Confusion matrix", "Calibration", "block-bootstrap"))


def test_points_are_inside_the_plot() -> None:
    """The corners of the unit square are those of the plot, and more rows make a larger point."""
    first, last = values(changed(check(), calibration=BINS))["curve"]
    assert (first.x, first.y) == (LEFT, BOTTOM)
    assert (last.x, last.y) == (LEFT + SIDE, BOTTOM - SIDE / 2)
    assert first.size > last.size
