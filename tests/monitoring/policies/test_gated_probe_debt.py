"""The trigger on gaps that probes have measured."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import Cost, GatedProbeDebt
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, signals

RULE = GatedProbeDebt(cost=Cost(retrain=0.25))  # 2 of the learned batch loss of 8


def probed(*gaps: float | None) -> History:
    """Past checks with a steady loss, some of them with a probe."""
    checks = past(*[8.0] * len(gaps)).checks
    return History(checks=tuple(check.model_copy(update={"gap": gap}) for check, gap in zip(checks, gaps, strict=True)))


def test_only_a_measured_gap_fires() -> None:
    """A rise of the loss without a probe asks for one and holds; with one that found a gap it fires."""
    risen = past(8.0, 12.0)
    without, with_probe = signals(loss=12.0), signals(loss=12.0, gap=4.0)
    assert RULE.judge(without, risen, NOW).vote == "hold"
    assert RULE.wants_probe(without, risen, NOW)
    assert RULE.judge(with_probe, risen, NOW).vote == "fire"
    assert not RULE.wants_probe(with_probe, risen, NOW)


def test_gaps_add_up_to_the_cost() -> None:
    """A gap that is too small for one window fires once the windows since the training have paid for a retrain."""
    votes = [RULE.judge(signals(gap=gap, batches=3.0), probed(None, None), NOW) for gap in (0.1, 5.0)]
    assert [vote.vote for vote in votes] == ["hold", "fire"]
    assert votes[0].observed is not None
    assert votes[0].observed < 1 <= (votes[1].observed or 0)


def test_a_gap_below_zero_never_fires() -> None:
    """A probe that loses to the champion is no reason, whatever has added up before."""
    assert RULE.judge(signals(gap=-1.0), probed(9.0, 9.0), NOW).vote == "hold"


def test_a_retrain_pays_the_debt() -> None:
    """After an answered request what had added up before is gone."""
    before = probed(9.0, 9.0)
    answered = History(checks=before.checks, retrains=(PastRetrain(now=before.checks[-1].now, promoted=False),))
    assert RULE.judge(signals(gap=0.2), before, NOW).vote == "fire"
    assert RULE.judge(signals(gap=0.2), answered, NOW).vote == "hold"


@pytest.mark.parametrize("loss", [None, float("inf")])
def test_without_a_finite_loss_nothing_is_judged(loss: float | None) -> None:
    """No labels or an infinite loss: not applicable, and no probe is requested."""
    observed = signals(loss=loss)
    assert RULE.judge(observed, History(), NOW).vote == "not_applicable"
    assert not RULE.wants_probe(observed, History(), NOW)
