"""The vote on an estimated loss, and no vote where the estimate does not apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.policies import EstimatedLoss
from driftloop.monitoring.records import Estimate, History, Signals, Vote, Window

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(days=7), end=NOW)


def vote(loss: float | None, *, spread: float = 0.1, applicable: bool = True) -> Vote:
    estimate = Estimate(
        method="dle",
        loss_name="mae",
        loss=loss,
        low=None if loss is None else loss - spread,
        high=None if loss is None else loss + spread,
        rows=500,
        reference_loss=8.0,
        applicable=applicable,
        reason="29 rows, 30 needed",
    )
    observed = Signals(window=WINDOW, rows=500, labelled_rows=0, estimated=estimate)
    return EstimatedLoss(max_rise=0.25).judge(observed, History(), NOW)


def test_worse_estimates_never_turn_fire_into_hold() -> None:
    """The vote changes once, exactly at the limit."""
    assert [vote(loss).vote for loss in (4.0, 8.0, 9.99, 10.0, 100.0)] == ["hold", "hold", "hold", "fire", "fire"]


def test_a_rise_within_chance_does_not_fire() -> None:
    """While the interval includes the reference loss the trigger holds and gives that reason."""
    held = vote(12.0, spread=5.0)
    assert (held.vote, held.observed) == ("hold", 0.5)
    assert "12 is 50.0% above the reference loss 8, but not significantly: its 95% CI (7 to 17)" in held.reason


def test_an_estimate_that_does_not_apply_is_no_evidence() -> None:
    """Neither a number that is not to be trusted nor a champion without an estimator fires."""
    assert vote(100.0, applicable=False).vote == "not_applicable"
    assert vote(None, applicable=False).reason == "29 rows, 30 needed"
    without = EstimatedLoss().judge(Signals(window=WINDOW, rows=500, labelled_rows=0), History(), NOW)
    assert (without.vote, "has no loss estimator" in without.reason) == ("not_applicable", True)
