"""The trigger on the number of checks."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.policies import Periodic
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, signals


def test_periodic_counts_checks_since_the_last_training() -> None:
    """Every third check fires: two before it hold, and a retrain starts the count again."""
    votes = [Periodic(every=3).judge(signals(), past(*[8.0] * n), NOW).vote for n in range(4)]
    assert votes == ["hold", "hold", "fire", "fire"]
    done = History(checks=past(8.0, 8.0).checks, retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=True),))
    assert Periodic(every=3).judge(signals(), done, NOW).vote == "hold"


def test_a_check_without_rows_does_not_fire() -> None:
    """A retrain needs rows: the period has passed, and without rows nothing is judged."""
    judged = Periodic(every=1).judge(signals(rows=0), past(8.0, 8.0), NOW)
    assert (judged.vote, judged.threshold) == ("not_applicable", 1.0)


def test_checks_of_another_champion_do_not_count() -> None:
    """A champion that has just taken over is at its first check."""
    promoted = signals().model_copy(update={"champion": "2"})
    judged = Periodic(every=2).judge(promoted, past(8.0, 8.0, 8.0), NOW)
    assert (judged.vote, judged.observed) == ("hold", 1.0)
