"""The guard on the number of retrains in a period."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.policies import Budget
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, signals


def test_a_budget_comes_back_as_retrains_grow_old() -> None:
    """Retrains of the period count, rejected ones too, and none that is as old as the period."""
    guard = Budget(retrains=2, days=30)

    def vote(*days: float) -> str:
        spent = tuple(PastRetrain(now=NOW - timedelta(days=day), promoted=day % 2 == 0) for day in days)
        return guard.judge(signals(), History(retrains=spent), NOW).vote

    assert vote() == vote(1) == vote(1, 30) == "allow"
    assert vote(1, 29.9) == vote(0, 0, 40) == "veto"


def test_the_reason_has_what_is_used() -> None:
    """A veto names how many retrains were used, of how many, in which period."""
    spent = History(retrains=(PastRetrain(now=NOW - timedelta(days=3), promoted=False),))
    judged = Budget(retrains=1, days=7).judge(signals(), spent, NOW)
    assert (judged.vote, judged.observed) == ("veto", 0.0)
    assert "1 of 1 retrains used in the last 7 days" in judged.reason
