"""The cooldown guard."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.policies import Cooldown
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, signals


def test_cooldown_counts_from_the_last_retrain_whatever_its_end() -> None:
    """A rejected retrain cools down as a promoted one does; at the full span exactly it allows."""
    for days, vote in ((0, "veto"), (6.99, "veto"), (7, "allow"), (8, "allow")):
        before = PastRetrain(now=NOW - timedelta(days=days), promoted=False)
        assert Cooldown(days=7).judge(signals(), History(retrains=(before,)), NOW).vote == vote


def test_cooldown_holds_when_the_clock_went_back() -> None:
    """A retrain that is in the future of `now` still vetoes."""
    before = PastRetrain(now=NOW + timedelta(days=3), promoted=True)
    assert Cooldown(days=7).judge(signals(), History(retrains=(before,)), NOW).vote == "veto"
