"""The trigger on a rise of the loss over the reference's."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import PerformanceDrop
from driftloop.monitoring.records import Better, History, MetricValue, Signals
from tests.signals import NOW, performance, signals


def test_a_rise_within_chance_does_not_fire() -> None:
    """A loss far above the reference holds while its interval still reaches the reference."""
    measured = signals().model_copy(update={"performance": performance(12.0, spread=5.0)})
    vote = PerformanceDrop(max_rise=0.25).judge(measured, History(), NOW)
    assert vote.vote == "hold"
    assert "95% CI (7 to 17)" in vote.reason


def test_few_labeled_rows_are_not_applicable() -> None:
    """With fewer labeled rows than `min_rows` the loss is no evidence."""
    measured = signals().model_copy(update={"performance": performance(99.0, rows=29)})
    assert PerformanceDrop(max_rise=0.25).judge(measured, History(), NOW).vote == "not_applicable"


def measured(better: Better, value: float | None, reference: float | None, spread: float = 0.01) -> Signals:
    ends = {} if value is None else {"low": value - spread, "high": value + spread}
    reason = None if value is not None else "all 40 labels are 'no'"
    one = MetricValue(metric="any", better=better, value=value, rows=400, reference=reference, reason=reason, **ends)
    return signals().model_copy(update={"metrics": (one,)})


@pytest.mark.parametrize(
    ("better", "value", "reference", "vote"),
    [
        ("higher", 0.6, 0.8, "fire"),
        ("higher", 0.79, 0.8, "hold"),
        ("higher", 0.99, 0.8, "hold"),
        ("lower", 12.0, 10.0, "fire"),
        ("lower", 8.0, 10.0, "hold"),
        ("zero", -3.0, 1.0, "fire"),
        ("zero", 0.5, -1.0, "hold"),
    ],
)
def test_a_metric_is_compared_in_its_direction(better: Better, value: float, reference: float, vote: str) -> None:
    """A metric that got worse by 15 % fires, whether lower, higher or nearer to zero is better; a better one holds."""
    cast = PerformanceDrop(metric="any").judge(measured(better, value, reference), History(), NOW)
    assert cast.vote == vote
    assert f"any {value:g}" in cast.reason


def test_a_metric_within_chance_does_not_fire() -> None:
    """A large decline whose interval includes the reference holds, and reports it."""
    cast = PerformanceDrop(metric="any").judge(measured("higher", 0.6, 0.8, spread=0.3), History(), NOW)
    assert (cast.vote, "not significantly" in cast.reason) == ("hold", True)


@pytest.mark.parametrize(
    ("value", "reference", "reason"),
    [
        (None, 0.8, "any cannot be computed: all 40 labels are 'no'"),
        (0.6, None, "the champion has no reference value of any; the next champion gets one"),
    ],
)
def test_a_metric_that_cannot_be_compared_is_not_applicable(
    value: float | None, reference: float | None, reason: str
) -> None:
    """Without a value, or without a reference, there is no vote and the reason is given."""
    cast = PerformanceDrop(metric="any").judge(measured("higher", value, reference), History(), NOW)
    assert (cast.vote, cast.reason) == ("not_applicable", reason)
    assert PerformanceDrop(metric="other").judge(signals(), History(), NOW).vote == "not_applicable"
    few = PerformanceDrop(metric="any", min_rows=500).judge(measured("higher", 0.1, 0.8), History(), NOW)
    assert (few.vote, few.reason) == ("not_applicable", "400 labeled rows, 500 needed")


def test_it_reads_what_it_compares() -> None:
    """With a metric it reads metrics and no loss; a section names the metric with its parameters."""
    of_metric = PerformanceDrop.model_validate({"metric": {"metric": "precision", "threshold": 0.3}})
    assert (of_metric.reads, of_metric.metrics) == (frozenset({"metrics"}), frozenset({"precision(0.3)"}))
    assert (PerformanceDrop().reads, PerformanceDrop().metrics) == (frozenset({"loss"}), frozenset())
