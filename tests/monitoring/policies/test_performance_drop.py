"""The trigger on a rise of the loss over the reference's."""

from __future__ import annotations

from driftloop.monitoring.policies import PerformanceDrop
from driftloop.monitoring.records import History
from tests.seen import NOW, performance, signals


def test_a_rise_within_chance_does_not_fire() -> None:
    """A loss far above the reference holds while its interval still reaches the reference."""
    seen = signals().model_copy(update={"performance": performance(12.0, spread=5.0)})
    vote = PerformanceDrop(max_rise=0.25).judge(seen, History(), NOW)
    assert vote.vote == "hold"
    assert "interval" in vote.reason


def test_few_labelled_rows_are_not_applicable() -> None:
    """With fewer labelled rows than `min_rows` the loss is no evidence."""
    seen = signals().model_copy(update={"performance": performance(99.0, rows=29)})
    assert PerformanceDrop(max_rise=0.25).judge(seen, History(), NOW).vote == "not_applicable"
