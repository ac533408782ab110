"""The triggers that count rows, checks and the calendar, and what a champion's tenure is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitoring.policies import NewRows, Periodic, Schedule
from monitoring.policies.tenure import tenure
from monitoring.records import History, PastRetrain
from tests.seen import NOW, past, signals


def test_a_tenure_ends_with_the_champion_and_with_a_retrain() -> None:
    """Only the newest checks of the same champion count, and only those after the last retrain, rejected or not."""
    history = past(8.0, 8.0, 8.0, 8.0)
    assert len(tenure(signals(), history)) == 4
    other = history.checks[1].model_copy(update={"champion": "0"})
    mixed = History(checks=(history.checks[0], other, *history.checks[2:]))
    assert tenure(signals(), mixed) == history.checks[2:]
    retrain = PastRetrain(now=history.checks[2].now, promoted=False)
    assert tenure(signals(), History(checks=history.checks, retrains=(retrain,))) == history.checks[3:]


def test_periodic_counts_checks_since_the_last_training() -> None:
    """Every third check fires: two before it hold, and a retrain starts the count anew."""
    votes = [Periodic(every=3).judge(signals(), past(*[8.0] * n), NOW).vote for n in range(4)]
    assert votes == ["hold", "hold", "fire", "fire"]
    done = History(checks=past(8.0, 8.0).checks, retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=True),))
    assert Periodic(every=3).judge(signals(), done, NOW).vote == "hold"


def test_rows_of_windows_that_overlap_count_once() -> None:
    """Checks a seventh of a window apart add a seventh of their rows each; windows side by side add all."""
    side_by_side = NewRows(rows=1).judge(signals(rows=500, batches=3.0), past(8.0, 8.0), NOW)
    assert side_by_side.observed == 1500
    daily = past(8.0, 8.0)
    checks = tuple(check.model_copy(update={"age_batches": 1 + n / 7}) for n, check in enumerate(daily.checks))
    overlapping = NewRows(rows=1).judge(signals(rows=700, batches=1 + 2 / 7), History(checks=checks), NOW)
    assert round(overlapping.observed or 0) == 500 + round(500 / 7 + 700 / 7)


def test_the_calendar_fires_once_a_month() -> None:
    """A month that began since the last training fires, and after a retrain in it no more."""
    now = datetime(2026, 3, 20, tzinfo=UTC)
    assert Schedule(every="month").judge(signals(age=25), History(), now).vote == "fire"
    assert Schedule(every="month").judge(signals(age=15), History(), now).vote == "hold"
    done = History(retrains=(PastRetrain(now=datetime(2026, 3, 2, tzinfo=UTC), promoted=False),))
    assert Schedule(every="month").judge(signals(age=25), done, now).vote == "hold"


def test_a_month_begins_where_the_clock_hangs() -> None:
    """At 2026-02-28 23:30 UTC it is March in Tokyo already."""
    now = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert Schedule(every="month").judge(signals(age=5), History(), now).vote == "hold"
    assert Schedule(every="month", time_zone="Asia/Tokyo").judge(signals(age=5), History(), now).vote == "fire"


def test_without_any_training_known_the_calendar_is_silent() -> None:
    """Neither a retrain nor an age: not applicable."""
    assert Schedule().judge(signals(age=None), History(), NOW).vote == "not_applicable"
