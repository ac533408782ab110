"""The trigger on staleness that has added up to the cost."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import Cara
from driftloop.monitoring.policies.base import Cost
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, performance, signals


def test_staleness_adds_up_to_the_cost_exactly() -> None:
    """Cara fires where the rises since the last training add up to the cost; falls do not pay rises back."""
    trigger = Cara(cost=Cost(retrain=0.25))  # 2 of the learned batch loss of 8
    assert trigger.judge(signals(loss=8.5), past(8.5, 5.0, 9.0), NOW).observed == pytest.approx(2.0)
    assert trigger.judge(signals(loss=8.5), past(8.5, 5.0, 9.0), NOW).vote == "fire"
    assert trigger.judge(signals(loss=8.4), past(8.5, 5.0, 9.0), NOW).vote == "hold"


def test_staleness_in_units_of_nothing_is_not_judged() -> None:
    """A batch that costs nothing is no unit for the cost of a retrain."""
    observed = signals().model_copy(
        update={"learned": None, "performance": performance(1.0).model_copy(update={"reference_loss": 0.0})}
    )
    assert Cara().judge(observed, History(), NOW).vote == "not_applicable"


def test_a_retrain_starts_the_sum_again() -> None:
    """Rises before the last retrain do not count, whatever its end."""
    high = past(9.0, 9.0)
    trigger = Cara(cost=Cost(retrain=0.25))
    assert trigger.judge(signals(loss=8.5), high, NOW).vote == "fire"
    answered = History(checks=high.checks, retrains=(PastRetrain(now=high.checks[-1].now, promoted=False),))
    assert trigger.judge(signals(loss=8.5), answered, NOW).observed == pytest.approx(0.5)


def test_without_a_backtest_the_reference_loss_is_the_unit() -> None:
    """A retrain costs `cost.retrain` of the loss on the reference where nothing was learned."""
    values = signals(loss=10.0).model_copy(update={"learned": None})
    judged = Cara(cost=Cost(retrain=0.5)).judge(values, History(), NOW)
    assert (judged.observed, judged.threshold) == (pytest.approx(2.0), pytest.approx(4.0))
