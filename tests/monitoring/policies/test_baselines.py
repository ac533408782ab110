"""The baselines that read no measurement."""

from __future__ import annotations

from driftloop.monitoring.policies import Always, Never
from driftloop.monitoring.records import History
from tests.signals import NOTHING, NOW, past, signals


def test_never_holds_whatever_happens() -> None:
    """Neither drift nor a high loss nor age moves it, and it reads nothing."""
    for observed in (NOTHING, signals(drifted=4, loss=99.0, age=999.0)):
        assert Never().judge(observed, past(9.0, 9.0), NOW).vote == "hold"
    assert Never().reads == frozenset()


def test_always_needs_one_row() -> None:
    """It fires at each check with rows, and holds where there is nothing to train on."""
    votes = [Always().judge(signals(rows=rows), History(), NOW) for rows in (0, 1, 500)]
    assert [vote.vote for vote in votes] == ["hold", "fire", "fire"]
    assert votes[2].observed == 500.0
