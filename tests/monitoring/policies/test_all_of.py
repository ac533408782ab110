"""The trigger over triggers that all have to fire."""

from __future__ import annotations

from driftloop.monitoring.policies import AllOf, DriftShare, PerformanceDrop
from driftloop.monitoring.records import History
from tests.signals import NOW, signals

RULE = AllOf(triggers=(DriftShare(threshold=0.5), PerformanceDrop(max_rise=0.25)))


def test_every_member_has_to_fire() -> None:
    """Drift alone or a rise alone holds; both fire, and the vote counts them."""
    values = {(0, 8.0): ("hold", 0.0), (4, 8.0): ("hold", 1.0), (0, 12.0): ("hold", 1.0), (4, 12.0): ("fire", 2.0)}
    for (drifted, loss), expected in values.items():
        judged = RULE.judge(signals(drifted=drifted, loss=loss), History(), NOW)
        assert (judged.vote, judged.observed) == expected
        assert judged.threshold == 2.0


def test_a_member_that_cannot_judge_holds_it_back() -> None:
    """Without labels the rise is unknown, and drift alone is not all."""
    assert RULE.judge(signals(drifted=4, loss=None), History(), NOW).vote == "hold"
