"""The trigger on a loss that is significantly above the reference."""

from __future__ import annotations

from driftloop.monitoring.policies import LossZTest
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, performance, signals


def test_the_z_test_knows_good_weeks_from_bad_ones() -> None:
    """A rise that is usual among the champion's checks is no evidence, however narrow the window's own interval."""
    assert LossZTest(z=3).judge(signals(loss=8.5), History(), NOW).vote == "fire"
    assert LossZTest(z=3).judge(signals(loss=8.5), past(8.0, 9.0, 7.0, 8.5), NOW).vote == "hold"


def test_the_z_test_remembers_the_spread_after_a_rejected_challenger() -> None:
    """Good and bad weeks of the same champion are no reason to ask again: a rejection does not forget them."""
    before = past(8.0, 9.0, 7.0, 8.5)
    rejected = History(checks=before.checks, retrains=(PastRetrain(now=before.checks[-1].now, promoted=False),))
    assert LossZTest(z=3).judge(signals(loss=8.5), rejected, NOW).vote == "hold"


def test_the_z_test_needs_rows_and_finite_losses() -> None:
    """Few labeled rows or an infinite loss are no evidence."""
    for measured in (performance(99.0, rows=29), performance(float("inf"))):
        vote = LossZTest().judge(signals().model_copy(update={"performance": measured}), History(), NOW)
        assert vote.vote == "not_applicable"


def test_a_loss_below_the_reference_never_fires() -> None:
    """The test is one-sided: an improvement of any size holds, with a negative distance."""
    judged = LossZTest(z=3).judge(signals(loss=1.0), History(), NOW)
    assert judged.vote == "hold"
    assert judged.observed is not None
    assert judged.observed < -3
    assert "below the reference loss" in judged.reason


def test_an_interval_without_width_decides_by_its_sign() -> None:
    """Where every row has the same loss, any rise is highly significant and no rise is none."""
    for loss, vote in ((8.001, "fire"), (8.0, "hold"), (7.999, "hold")):
        measured = signals().model_copy(update={"performance": performance(loss, spread=0.0)})
        assert LossZTest().judge(measured, History(), NOW).vote == vote
