"""The triggers that count rows, checks and the calendar, and what a champion's tenure is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from driftloop.monitoring.policies import MaxAge, NewRows, Periodic, Schedule, Trigger
from driftloop.monitoring.policies.tenure import reign, tenure
from driftloop.monitoring.records import History, PastCheck, PastRetrain, Window
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
    assert reign(signals(), History(checks=mixed.checks, retrains=(retrain,))) == history.checks[2:]


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


@pytest.mark.parametrize("promoted", [False, True])
def test_rows_that_were_counted_before_a_retrain_are_not_counted_after_it(promoted: bool) -> None:
    """Daily checks of a week: the day after an answered request has one new day of rows, whoever is champion."""
    checks = tuple(
        check.model_copy(update={"now": NOW - timedelta(days=days), "age_batches": 3 - days / 7})
        for days, check in zip((3, 2, 1), past(8.0, 8.0, 8.0).checks, strict=True)
    )
    answered = PastRetrain(now=NOW - timedelta(days=1), promoted=promoted)
    seen = signals(rows=700, batches=3.0).model_copy(update={"champion": "2" if promoted else "1"})
    vote = NewRows(rows=700).judge(seen, History(checks=checks, retrains=(answered,)), NOW)
    assert (vote.vote, round(vote.observed or 0)) == ("hold", 100)
    later = signals(rows=700, batches=3.0).model_copy(update={"champion": seen.champion})
    unanswered = NewRows(rows=700).judge(later, History(checks=checks[:1]), NOW)
    assert unanswered.vote == ("hold" if promoted else "fire")


@pytest.mark.parametrize(
    "rule", [MaxAge(max_age_days=35), Schedule(every="month"), Periodic(every=4), NewRows(rows=2000)]
)
def test_a_request_that_was_answered_is_not_repeated(rule: Trigger) -> None:
    """Weekly checks of a champion that no challenger beats: each rule asks again as late as it asked the first time."""
    begun, asked = datetime(2026, 1, 1, tzinfo=UTC), []
    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()
    for week in range(1, 21):
        now = begun + timedelta(weeks=week)
        seen = signals(age=7.0 * week, batches=float(week))
        seen = seen.model_copy(update={"window": Window(start=now - timedelta(weeks=1), end=now)})
        if rule.judge(seen, History(checks=checks, retrains=retrains), now).vote == "fire":
            asked.append(week)
            retrains += (PastRetrain(now=now, promoted=False),)
        past_check = {"now": now, "outcome": "steady", "champion": "1", "age_batches": float(week), "rows": 500}
        checks += (PastCheck.model_validate(past_check),)
    assert len(asked) in {4, 5}
    assert min(b - a for a, b in pairwise(asked)) >= 4


def test_an_age_counts_from_the_last_answered_request() -> None:
    """A champion that is past its age waits after a retrain for as long as a new one would, rejected or not."""
    for promoted in (False, True):
        answered = History(retrains=(PastRetrain(now=NOW - timedelta(days=10), promoted=promoted),))
        votes = {days: MaxAge(max_age_days=days).judge(signals(age=50), answered, NOW) for days in (9, 10, 11)}
        assert [vote.vote for vote in votes.values()] == ["fire", "fire", "hold"]
        assert "50.0 days old, the last retrain ended 10.0 days ago (limit 11)" in votes[11].reason
    long_ago = History(retrains=(PastRetrain(now=NOW - timedelta(days=90), promoted=True),))
    assert MaxAge(max_age_days=30).judge(signals(age=20), long_ago, NOW).vote == "hold"


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
