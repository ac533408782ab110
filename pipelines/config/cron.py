"""Cron lines: which are valid, and the trigger that each builds. When a trigger fires is in service/timing.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from driftloop.monitoring.errors import ValidationProblem

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day": (1, 31, ()),
    "month": (1, 12, MONTHS),
    "weekday": (0, 7, WEEKDAYS),
}
EXPECTED = "five fields: minute hour day month weekday, such as 0 6 * * mon-fri"
# All minutes, hours, days, months and weekdays written out one by one take less.
LONGEST = 500
# 29 February comes at least once within these years.
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2009, 1, 1, tzinfo=UTC)


def valid_cron(cron: str) -> str:
    """Return a cron line that a clock can run; otherwise raise `ValidationProblem`.

    Weekday numbers have cron's meaning: 0 and 7 are Sunday, 1 is Monday. Last, the trigger itself is built and asked
    for a time: a line that it refuses, or that never fires, must not reach a running service.
    """
    fields = cron.split()
    if len(cron) > LONGEST:
        raise ValidationProblem(
            f"{EXPECTED}, in at most {LONGEST} characters", found=f"a line of {len(cron):,} characters"
        )
    if len(fields) != len(FIELDS):
        raise ValidationProblem(EXPECTED, found=f"{cron!r}, which has {len(fields)}")
    for field, name in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            _check_part(part, name)
    try:
        fires = cron_trigger(cron, UTC, until=LAST).get_next_fire_time(None, FIRST)
    except ValueError as error:
        why = str(error).removeprefix("Error validating expression ")
        raise ValidationProblem(f"{EXPECTED}; a step within its span", found=f"{cron!r}, in which {why}") from error
    if fires is None:
        raise ValidationProblem(f"{EXPECTED}; a day that its months have", found=f"{cron!r}, which never fires")
    return cron


def _check_part(part: str, name: str) -> None:
    low, high, names = FIELDS[name]
    span, slash, step = part.partition("/")
    ends = [] if span == "*" else span.lower().split("-")
    known = all(end in names or (_number(end) and low <= int(end) <= high) for end in ends)
    if len(ends) > 2 or not known or (slash and not (_number(step) and int(step))):
        numbers = f"{low} to {high}" + (", where 0 and 7 are Sunday" if name == "weekday" else "")
        raise ValidationProblem(f"{EXPECTED}; {name}: {numbers}", found=f"{part!r} as the {name}")
    if name != "weekday" and len(ends) == 2 and _at(ends[1], names) < _at(ends[0], names):
        # A week has no first day that all agree on, so sat-mon is good; 22-4 is two spans.
        raise ValidationProblem(f"{EXPECTED}; a span that goes forward: write two", found=f"{part!r} as the {name}")
    if slash and len(ends) == 1 and (ends[0] in names or name == "weekday"):
        raise ValidationProblem(
            f"{EXPECTED}; a step over a span, such as {names[0]}-{names[-1]}/2", found=f"{part!r} as the {name}"
        )


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _at(end: str, names: tuple[str, ...]) -> int:
    return names.index(end) + 1 if end in names else int(end)


def cron_trigger(cron: str, zone: Any, *, until: datetime | None = None) -> Any:
    """Build APScheduler's trigger of a cron line. As in cron, a day and a weekday together fire on either."""
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger

    minute, hour, day, month, weekday = spelled_out(cron).split()
    days = [(day, weekday)] if "*" in {day, weekday} else [(day, "*"), ("*", weekday)]
    triggers = [
        CronTrigger(
            minute=minute,
            hour=hour,
            day=one,
            month=month,
            day_of_week=other,
            timezone=zone,
            end_date=until,
        )
        for one, other in days
    ]
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def spelled_out(cron: str) -> str:
    """Spell a cron line as every scheduler reads it: months as numbers, weekdays without spans.

    APScheduler drops a step after a name and counts weekdays from Monday, and no scheduler knows a span over the end of
    a week.

    >>> spelled_out("0 6 * jan-jun/2 sat-mon"), spelled_out("0 6 * * mon-fri/2"), spelled_out("*/15 * * 5,Jul *")
    ('0 6 * 1-6/2 sat,sun,mon', '0 6 * * mon,wed,fri', '*/15 * * 5,7 *')
    >>> spelled_out("0 6 * * 1-5"), spelled_out("0 6 * * 0,3"), spelled_out("0 6 * * 0-6/3")
    ('0 6 * * mon,tue,wed,thu,fri', '0 6 * * sun,wed', '0 6 * * sun,wed,sat')
    """
    *start, month, weekdays = cron.lower().split()
    for number, name in enumerate(MONTHS, 1):
        month = month.replace(name, str(number))
    return " ".join([*start, month, ",".join(_days(part) for part in weekdays.split(","))])


def _days(part: str) -> str:
    days, _, step = part.partition("/")
    if days == "*":
        return part
    first, *ends = (_weekday(day) for day in days.split("-"))
    length = (ends[0] - first) % len(WEEKDAYS) + 1 if ends else 1
    if days == "0-7":
        length = len(WEEKDAYS)
    return ",".join(WEEKDAYS[(first + at) % len(WEEKDAYS)] for at in range(0, length, int(step or 1)))


def _weekday(day: str) -> int:
    """Return the place of a weekday in a week that begins on Monday; cron's numbers begin with Sunday as 0."""
    return WEEKDAYS.index(day) if day in WEEKDAYS else (int(day) - 1) % len(WEEKDAYS)
