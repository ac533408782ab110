"""The trigger on the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from driftloop.monitoring.policies import Schedule
from driftloop.monitoring.policies.schedule import Period
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, signals


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


@pytest.mark.parametrize(
    ("every", "begin"),
    [
        ("day", datetime(2026, 8, 5, tzinfo=UTC)),
        ("week", datetime(2026, 8, 3, tzinfo=UTC)),
        ("month", datetime(2026, 8, 1, tzinfo=UTC)),
        ("quarter", datetime(2026, 7, 1, tzinfo=UTC)),
        ("year", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_begins_at_midnight_of_its_first_day(every: Period, begin: datetime) -> None:
    """On Wednesday 2026-08-05: a training a minute before the period began fires, one at its beginning does not."""
    now = datetime(2026, 8, 5, 12, tzinfo=UTC)
    for minutes, vote in ((-1, "fire"), (0, "hold")):
        trained = History(retrains=(PastRetrain(now=begin + timedelta(minutes=minutes), promoted=False),))
        assert Schedule(every=every).judge(signals(age=None), trained, now).vote == vote


def test_made_up_dates_are_not_judged() -> None:
    """In a replay without real dates no calendar rule fires, however old the champion is."""
    undated = signals(age=4000).model_copy(update={"dated": False})
    assert Schedule(every="day").judge(undated, History(), NOW).vote == "not_applicable"
