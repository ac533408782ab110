"""The triggers on the course of the loss."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.policies import Cara, LossCusum, LossZTest
from driftloop.monitoring.policies.base import Cost
from driftloop.monitoring.records import History, PastRetrain
from tests.seen import NOW, past, performance, signals


def test_cusum_adds_up_what_one_check_would_not_show() -> None:
    """A lasting small rise fires although each check alone holds, and one high check does not."""
    trigger = LossCusum(threshold=4, warm_up=3)
    lasting = past(8.0, 8.2, 8.0, 8.2, 8.3, 8.5, 8.3, 8.5)
    assert trigger.judge(signals(loss=8.5), lasting, NOW).vote == "fire"
    assert trigger.judge(signals(loss=8.5), past(8.0, 8.2, 8.0, 8.2, 8.0, 8.2, 8.0), NOW).vote == "hold"


def test_cusum_warms_up_first() -> None:
    """Fewer losses than the warm-up give no deviation to measure by."""
    assert LossCusum(warm_up=3).judge(signals(loss=99.0), past(8.0, 8.1), NOW).vote == "not_applicable"


def test_cusum_starts_anew_with_each_training() -> None:
    """What had added up before the last retrain is forgotten, whatever the retrain's end."""
    high = past(8.0, 9.0, 9.5, 9.6)
    assert LossCusum().judge(signals(loss=8.0), high, NOW).vote == "fire"
    after = History(checks=high.checks, retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=False),))
    assert LossCusum().judge(signals(loss=8.0), after, NOW).vote == "hold"


def test_the_z_test_knows_good_weeks_from_bad_ones() -> None:
    """A rise that is usual among the champion's checks is no evidence, however narrow the window's own interval."""
    assert LossZTest(z=3).judge(signals(loss=8.5), History(), NOW).vote == "fire"
    assert LossZTest(z=3).judge(signals(loss=8.5), past(8.0, 9.0, 7.0, 8.5), NOW).vote == "hold"


def test_the_z_test_remembers_the_spread_after_a_rejected_challenger() -> None:
    """Good and bad weeks of the same champion are no reason to ask again at once: a rejection does not forget them."""
    before = past(8.0, 9.0, 7.0, 8.5)
    rejected = History(checks=before.checks, retrains=(PastRetrain(now=before.checks[-1].now, promoted=False),))
    assert LossZTest(z=3).judge(signals(loss=8.5), rejected, NOW).vote == "hold"


def test_the_z_test_needs_rows_and_finite_losses() -> None:
    """Few labelled rows or an infinite loss are no evidence."""
    for seen in (performance(99.0, rows=29), performance(float("inf"))):
        vote = LossZTest().judge(signals().model_copy(update={"performance": seen}), History(), NOW)
        assert vote.vote == "not_applicable"


def test_staleness_adds_up_to_the_cost_exactly() -> None:
    """Cara fires where the rises since the last training add up to the cost; falls do not pay rises back."""
    trigger = Cara(cost=Cost(retrain=0.25))  # 2 of the learned batch loss of 8
    assert trigger.judge(signals(loss=8.5), past(8.5, 5.0, 9.0), NOW).observed == pytest.approx(2.0)
    assert trigger.judge(signals(loss=8.5), past(8.5, 5.0, 9.0), NOW).vote == "fire"
    assert trigger.judge(signals(loss=8.4), past(8.5, 5.0, 9.0), NOW).vote == "hold"


def test_staleness_in_units_of_nothing_is_not_judged() -> None:
    """A batch that costs nothing is no unit for the cost of a retrain."""
    seen = signals().model_copy(
        update={"learned": None, "performance": performance(1.0).model_copy(update={"reference_loss": 0.0})}
    )
    assert Cara().judge(seen, History(), NOW).vote == "not_applicable"
