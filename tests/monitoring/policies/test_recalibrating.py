"""When a recalibration is tried, and what it has to gain."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyTrigger
from driftloop.monitoring.policies.recalibrating import Plan, Prices, least_gain, plan, prices, retrain_gain
from driftloop.monitoring.records import Advice, Causes, Cure, Decision, Learned, Probe, Vote, changed
from tests.signals import signals

PRICED = {"policy": "recoverable_loss", "horizon": 5, "cost": {"retrain": 0.5, "recalibrate": 0.1}}
GIVEN = Prices(recalibrate=0.1, retrain=0.5, horizon=5)
RETRAIN, WAIT = (Decision(action=action, reason="", votes=()) for action in ("retrain", "wait"))


def policy(given: dict[str, Any]) -> Any:
    return TypeAdapter(AnyTrigger).validate_python(given)


def recommended(gain: float, action: Any = "recalibrate") -> Causes:
    cure = Cure(action="recalibrate", gain=gain, message="a shift")
    return Causes(recalibration=cure, advice=Advice(action=action, number=gain, message="a shift", cures=(cure,)))


def test_the_first_price_counts_at_any_depth() -> None:
    """Without a price nothing is recalibrated; a policy without a horizon has six batches."""
    assert prices([policy({"policy": "recoverable_loss"}), policy({"policy": "periodic", "every": 7})]) is None
    nested = policy({"policy": "any_of", "triggers": [{"policy": "periodic", "every": 7}, PRICED]})
    assert prices([policy({"policy": "drift_share"}), nested]) == GIVEN
    cara = policy({"policy": "cara", "cost": {"recalibrate": 0.02}})
    assert prices([cara]) == Prices(recalibrate=0.02, retrain=0.2, horizon=6)


@pytest.mark.parametrize(
    ("retrain", "least"),
    [
        (5.0, 4.2),  # it may gain as much less as it is cheaper per batch: (0.5 - 0.1) * 10 / 5
        (0.9, 0.2),  # but has to repay its own cost: 0.1 * 10 / 5
        (-3.0, 0.2),
    ],
)
def test_it_must_be_worth_as_much_as_a_retrain(retrain: float, least: float) -> None:
    """Gains within the horizon minus the prices are compared."""
    assert least_gain(GIVEN, 10.0, retrain) == pytest.approx(least)
    own, other = least * 5 - 0.1 * 10, retrain * 5 - 0.5 * 10
    assert own >= other - 1e-9
    assert own >= -1e-9


def test_a_probe_measures_what_a_retrain_gains() -> None:
    """Without one it gains at most the rise of the loss over its reference, and never less than nothing."""
    risen = signals(loss=12.0)
    assert risen.performance is not None
    assert retrain_gain(risen) == pytest.approx(12.0 - risen.performance.reference_loss)
    assert retrain_gain(signals(loss=1.0)) == 0.0
    probe = Probe(champion_loss=12.0, probe_loss=11.0, gap=1.0, rows=100)
    assert retrain_gain(changed(risen, probe=probe)) == 1.0


def test_a_plan_comes_before_a_retrain_or_with_the_recommendation() -> None:
    """Not where a guard vetoed, nothing is known, the gain does not repay its price, or another cure is better."""
    now = changed(signals(loss=12.0), learned=Learned(batch_loss=10.0))
    assert plan(GIVEN, RETRAIN, now, None) == Plan(least=least_gain(GIVEN, 10.0, retrain_gain(now)), trains=True)
    assert plan(GIVEN, WAIT, now, recommended(1.0)) == Plan(least=0.2, trains=False)
    assert plan(GIVEN, WAIT, now, recommended(0.1)) is None
    assert plan(GIVEN, WAIT, now, recommended(1.0, "retrain")) is None
    assert plan(GIVEN, WAIT, now, None) is None
    votes = tuple(Vote(policy="p", vote=vote, reason="") for vote in ("fire", "veto"))
    assert plan(GIVEN, Decision(action="wait", reason="", votes=votes), now, recommended(1.0)) is None
    assert plan(None, RETRAIN, now, recommended(1.0)) is None
    assert plan(GIVEN, RETRAIN, changed(now, performance=None), None) is None
