"""The trigger over triggers of which one is enough."""

from __future__ import annotations

from driftloop.monitoring.policies import AnyOf, DriftShare, Never, PerformanceDrop
from driftloop.monitoring.records import History
from tests.signals import NOW, signals

RULE = AnyOf(triggers=(DriftShare(threshold=0.5), PerformanceDrop(max_rise=0.25)))


def test_one_member_is_enough() -> None:
    """It fires by drift alone, by the loss alone and by both, and holds where neither fires."""
    observed = {(0, 8.0): "hold", (4, 8.0): "fire", (0, 12.0): "fire", (4, 12.0): "fire"}
    for (drifted, loss), vote in observed.items():
        judged = RULE.judge(signals(drifted=drifted, loss=loss), History(), NOW)
        assert (judged.vote, judged.threshold) == (vote, 1.0)


def test_a_member_that_cannot_judge_leaves_it_to_the_others() -> None:
    """Without labels the loss is not judged: drift decides."""
    for drifted, vote in ((0, "hold"), (4, "fire")):
        assert RULE.judge(signals(drifted=drifted, loss=None), History(), NOW).vote == vote


def test_it_reads_what_its_members_read() -> None:
    """The signals of both members, and none of its own."""
    assert RULE.reads == {"drift", "loss"}
    assert AnyOf(triggers=(Never(),)).reads == frozenset()
