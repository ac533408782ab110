"""What a schedule means in time: when a check is due next, when it was due last. Pure; the running clock is clock.py.

The rule at the change of the clocks. A time of day that is written (`30 1 * * *`, `0 */2 * * *`) comes once a day:
when an hour is repeated in autumn, in the first pass only; when an hour is left out in spring, as much later as the
clock was moved. Every hour (`*/15 * * * *`) goes by elapsed time: it comes in both passes, and has nothing to make up.
As in cron, a line with both a day and a weekday comes on either.
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

# No zone's clock is moved further at once, but for changes of the date line.
MOVED_AT_MOST = timedelta(hours=3)
BACK = tuple(timedelta(days=days) for days in (1 / 24, 1, 8, 32, 367, 5 * 367))


def trigger(schedule: Schedule, last: datetime) -> BaseTrigger | None:
    """APScheduler's trigger of a schedule; an interval counts from `last`. None where no clock starts a check."""
    clock = schedule.clock
    if clock is None:
        return None
    if isinstance(clock, timedelta):
        return IntervalTrigger(seconds=clock.total_seconds(), start_date=last + clock, timezone=UTC)
    hourly = clock.split()[1] == "*"
    zone = ZoneInfo(schedule.time_zone)
    return cron_trigger(clock, zone) if hourly else OnceADay(cron_trigger(clock, UTC), zone)


class OnceADay(BaseTrigger):  # type: ignore[misc, unused-ignore]
    """Times of day as a clock on the wall shows them, each once a day whatever is done to the clock."""

    __slots__ = ("wall", "zone")

    def __init__(self, wall: BaseTrigger, zone: ZoneInfo) -> None:
        self.wall, self.zone = wall, zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        after = previous_fire_time or now - timedelta(microseconds=1)
        # The wall's clock is counted as if it were UTC, where no hour is missing or there twice.
        shown = after.astimezone(self.zone).replace(tzinfo=UTC, fold=0) - MOVED_AT_MOST
        while (found := self.wall.get_next_fire_time(None, shown)) is not None:
            # fold=0 is the first of two equal hours, and moves a time within a gap forward by the gap.
            real: datetime = found.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
            if real > after:
                return real
            shown = found + timedelta(seconds=1)
        return None


def due_after(schedule: Schedule, moment: datetime, last: datetime) -> datetime | None:
    """The first moment later than `moment` when a check is due, in UTC; an interval counts from `last`."""
    return next(_dues(schedule, moment, last), None)


def last_due(schedule: Schedule, since: datetime, now: datetime) -> datetime | None:
    """The last moment in `(since, now]` when a check was due; None if none was."""
    if isinstance(schedule.clock, timedelta):
        turns = (now - since) // schedule.clock
        return since + turns * schedule.clock if turns > 0 else None
    for back in BACK:
        start = max(since, now - back)
        # Looked for near `now` first, so that a line for every minute is not counted through for a year.
        found = max(takewhile(lambda due: due <= now, _dues(schedule, start, since)), default=None)
        if found is not None or start == since:
            return found
    return None


def _dues(schedule: Schedule, moment: datetime, last: datetime) -> Iterator[datetime]:
    made = trigger(schedule, last)
    previous: datetime | None = None
    at = moment + timedelta(microseconds=1)
    while made is not None:
        due = made.get_next_fire_time(previous, at)
        if due is None:
            return
        yield due.astimezone(UTC)
        previous = at = due
