"""When a check is due: through both changes of the clock, over the end of the week, after a pause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.config.timing import due_after, last_due, trigger

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
ANY = datetime(2026, 1, 1, tzinfo=UTC)


def dues(cron: str, zone: str, start: datetime, end: datetime) -> list[str]:
    """All due times within local `[start, end)`, as the wall shows them with their offset."""
    schedule, local = Schedule(cron=cron, time_zone=zone), ZoneInfo(zone)
    at, last = (moment.replace(tzinfo=local).astimezone(UTC) for moment in (start, end))
    at, found = at - timedelta(microseconds=1), []
    while (due := due_after(schedule, at, ANY)) is not None and due < last:
        found.append(due.astimezone(local).strftime("%d %H:%M %z"))
        at = due
    return found


@pytest.mark.parametrize(
    ("zone", "cron", "day", "expected"),
    [
        # New York repeats 01:00-02:00 on 1 November 2026, Berlin 02:00-03:00 on 25 October.
        (NEW_YORK, "30 1 * * *", datetime(2026, 11, 1), ["01 01:30 -0400"]),
        (BERLIN, "30 2 * * *", datetime(2026, 10, 25), ["25 02:30 +0200"]),
        (BERLIN, "0,30 2 * * *", datetime(2026, 10, 25), ["25 02:00 +0200", "25 02:30 +0200"]),
        (BERLIN, "0 */2 * * *", datetime(2026, 10, 25), [f"25 {hour:02}:00 {'+0200' if hour < 3 else '+0100'}"
                                                       for hour in range(0, 24, 2)]),
        # Berlin leaves out 02:00-03:00 on 29 March 2026, New York on 8 March.
        (BERLIN, "30 2 * * *", datetime(2026, 3, 29), ["29 03:30 +0200"]),
        (NEW_YORK, "0 2 * * *", datetime(2026, 3, 8), ["08 03:00 -0400"]),
        (BERLIN, "30 2,3 * * *", datetime(2026, 3, 29), ["29 03:30 +0200"]),
        (BERLIN, "30 1 * * *", datetime(2026, 3, 29), ["29 01:30 +0100"]),
    ],
)  # fmt: skip
def test_a_time_of_day_comes_once_a_day(zone: str, cron: str, day: datetime, expected: list[str]) -> None:
    """In autumn in the first pass of the hour only; in spring as much later as the clock was moved, and once."""
    assert dues(cron, zone, day, day + timedelta(days=1)) == expected


@pytest.mark.parametrize(("day", "hours"), [(datetime(2026, 10, 25), 25), (datetime(2026, 3, 29), 23)])
def test_every_hour_goes_by_elapsed_time(day: datetime, hours: int) -> None:
    """A line for every hour comes in both passes of the repeated one: it has no time of day to be true to."""
    assert len(dues("*/15 * * * *", BERLIN, day, day + timedelta(days=1))) == hours * 4


def test_a_service_that_starts_within_the_moved_hour_still_checks() -> None:
    """At 03:10 after the gap, the check of 02:30 is still to come: at 03:30."""
    start = datetime(2026, 3, 29, 3, 10)
    assert dues("30 2 * * *", BERLIN, start, start + timedelta(hours=2)) == ["29 03:30 +0200"]


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "UTC"]),
    start=st.integers(0, 350),
)
def test_no_day_has_none_or_two(minute: int, hour: int, zone: str, start: int) -> None:
    """Whatever the zone does to its clock, a daily check comes once on each local day, and always forward."""
    first = datetime(2026, 1, 1) + timedelta(days=start)
    found = dues(f"{minute} {hour} * * *", zone, first, first + timedelta(days=10))
    days = [due[:2] for due in found]
    # A time within a gap at midnight would move to the next day; none of these zones has one.
    assert days == [f"{first + timedelta(days=at):%d}" for at in range(10)]


@pytest.mark.parametrize(
    ("cron", "weekdays"),
    [
        ("0 6 * * sun", {6}), ("0 6 * * SUN", {6}), ("0 6 * * mon-fri", {0, 1, 2, 3, 4}),
        ("0 6 * * sat-mon", {5, 6, 0}), ("0 6 * * sun-tue", {6, 0, 1}), ("0 6 * * mon,thu", {0, 3}),
        ("0 6 * * *", set(range(7))),
    ],
)  # fmt: skip
def test_a_weekday_is_the_one_it_is_called(cron: str, weekdays: set[int]) -> None:
    """Sunday is Sunday, in every zone and over the end of the week."""
    schedule, at, found = Schedule(cron=cron, time_zone="Asia/Tokyo"), ANY, set()
    for _ in range(14):
        at = due_after(schedule, at, ANY) or at
        found.add(at.astimezone(ZoneInfo("Asia/Tokyo")).weekday())
    assert found == weekdays


def test_a_day_and_a_weekday_come_on_either() -> None:
    """As in cron: `0 6 1 * mon` is the first of the month, and every Monday."""
    found = dues("0 6 1 * mon", "UTC", datetime(2026, 9, 25), datetime(2026, 10, 13))
    assert [due[:2] for due in found] == ["28", "01", "05", "12"]


def test_an_interval_counts_from_the_last_check() -> None:
    """A service that is restarted every hour still checks every six hours."""
    schedule = Schedule(every="6h")
    assert due_after(schedule, ANY + timedelta(hours=5), ANY) == ANY + timedelta(hours=6)
    assert due_after(schedule, ANY + timedelta(hours=13), ANY) == ANY + timedelta(hours=18)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        (Schedule(cron="0 6 * * *"), datetime(2026, 1, 4, 9, tzinfo=UTC), datetime(2026, 1, 4, 6, tzinfo=UTC)),
        (Schedule(cron="0 6 * * *"), datetime(2026, 1, 4, 6, tzinfo=UTC), datetime(2026, 1, 4, 6, tzinfo=UTC)),
        (Schedule(cron="0 6 * * *"), datetime(2026, 1, 1, 5, tzinfo=UTC), None),
        (Schedule(cron="* * * * *"), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (Schedule(cron="0 6 1 jan *"), datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, 6, tzinfo=UTC)),
        (Schedule(every="6h"), ANY + timedelta(hours=20), ANY + timedelta(hours=18)),
        (Schedule(every="6h"), ANY + timedelta(hours=5), None),
        (Schedule(on={"arrival": "*.csv"}), datetime(2026, 3, 1, tzinfo=UTC), None),
    ],
)
def test_what_was_due_in_a_pause_is_found(schedule: Schedule, now: datetime, expected: datetime | None) -> None:
    """The last due time after the last check: exactly at `now` counts, exactly at the last check does not."""
    assert last_due(schedule, ANY, now) == expected


def test_only_arriving_rows_need_no_clock() -> None:
    """A schedule of arrivals alone has no trigger."""
    assert trigger(Schedule(on={"poll": "5m"}), ANY) is None
    assert trigger(Schedule(), ANY) is not None
