"""Due times of a schedule: the next one, and the last one. Pure; the running clock is clock.py.

Daylight saving: a fixed time of day (`30 1 * * *`, `0 */2 * * *`) runs once per day: in the first pass of an hour
repeated in autumn, and one hour later for an hour skipped in spring. Every hour (`*/15 * * * *`) follows elapsed time:
it runs in both passes, and nothing is caught up. As in cron, a line with both a day and a weekday runs on either.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from driftloop.pipelines.config.cron import cron_trigger
from driftloop.pipelines.config.schedule import Schedule

# No zone moves its clock further, except at changes of the date line.
MOVED_AT_MOST = timedelta(hours=3)
BACK = tuple(timedelta(days=days) for days in (1 / 24, 1, 8, 32, 367, 5 * 367))


def trigger(schedule: Schedule, last: datetime) -> BaseTrigger | None:
    """Return APScheduler's trigger of a schedule; an interval counts from `last`. None without a clock."""
    clock = schedule.clock
    if clock is None:
        return None
    if isinstance(clock, timedelta):
        return IntervalTrigger(seconds=clock.total_seconds(), start_date=last + clock, timezone=UTC)
    hourly = clock.split()[1] == "*"
    zone = ZoneInfo(schedule.time_zone)
    return cron_trigger(clock, zone) if hourly else OnceADay(cron_trigger(clock, UTC), zone)


class OnceADay(BaseTrigger):  # type: ignore[misc, unused-ignore]
    """Local times of day, each once per day across changes of the clock."""

    __slots__ = ("wall", "zone")

    def __init__(self, wall: BaseTrigger, zone: ZoneInfo) -> None:
        self.wall, self.zone = wall, zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        after = previous_fire_time or now - timedelta(microseconds=1)
        # Local time is treated as UTC, where no hour is skipped or repeated.
        shown = after.astimezone(self.zone).replace(tzinfo=UTC, fold=0) - MOVED_AT_MOST
        while (found := self.wall.get_next_fire_time(None, shown)) is not None:
            # fold=0 is the first of two equal hours, and moves a time within a gap forward by the gap.
            real: datetime = found.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
            if real > after:
                return real
            shown = found + timedelta(seconds=1)
        return None


def due_after(schedule: Schedule, moment: datetime, last: datetime) -> datetime | None:
    """Return the first due time after `moment`, in UTC; an interval counts from `last`."""
    return next(_dues(schedule, moment, last), None)


def last_due(schedule: Schedule, since: datetime, now: datetime) -> datetime | None:
    """Return the last due time in `(since, now]`; None if there is none."""
    if isinstance(schedule.clock, timedelta):
        turns = (now - since) // schedule.clock
        return since + turns * schedule.clock if turns > 0 else None
    for back in BACK:
        start = max(since, now - back)
        # Searched near `now` first, so that a schedule per minute is not enumerated over a year.
        latest = max(takewhile(lambda due: due <= now, _dues(schedule, start, since)), default=None)
        if latest is not None or start == since:
            return latest
    return None


def _dues(schedule: Schedule, moment: datetime, last: datetime) -> Iterator[datetime]:
    times = trigger(schedule, last)
    previous: datetime | None = None
    at = moment + timedelta(microseconds=1)
    while times is not None:
        due = times.get_next_fire_time(previous, at)
        if due is None:
            return
        yield due.astimezone(UTC)
        previous = at = due
