"""When a check runs: the keys of `schedule` in a model file. What they mean in time is in service/timing.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from monitoring.config import Name, Section, TimeZone
from monitoring.durations import Span
from monitoring.errors import Misfit

DAILY = "0 6 * * *"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CRON: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day": (1, 31, ()),
    "month": (1, 12, MONTHS),
    "weekday": (1, 0, WEEKDAYS),
}


def _known_cron(cron: str) -> str:
    """Refuse what would fire never or on another day: weekday numbers differ between cron and its Python relatives."""
    fields = cron.split()
    expected = "five fields: minute hour day month weekday, such as 0 6 * * mon-fri"
    if len(fields) != len(CRON):
        raise Misfit(expected, found=f"{cron!r}, which has {len(fields)}")
    for field, (name, (low, high, names)) in zip(fields, CRON.items(), strict=True):
        for part in field.split(","):
            span, _, step = part.partition("/")
            ends = [] if span == "*" else span.lower().split("-")
            known = all(end in names or (end.isdecimal() and low <= int(end) <= high) for end in ends)
            if len(ends) > 2 or not known or (step and not (step.isdecimal() and int(step))) or part.endswith("/"):
                numbers = (
                    "names only (0 is Monday here and Sunday in cron)" if name == "weekday" else f"{low} to {high}"
                )
                raise Misfit(f"{expected}; {name}: {numbers}", found=f"{part!r} as the {name}")
            if name != "weekday" and len(ends) == 2 and _at(ends[1], names) < _at(ends[0], names):
                # A week has no first day that all agree on, so sat-mon is good; 22-4 is two spans.
                raise Misfit(f"{expected}; a span that goes forward: write two", found=f"{part!r} as the {name}")
    return cron


def _at(end: str, names: tuple[str, ...]) -> int:
    return names.index(end) + 1 if end in names else int(end)


class On(Section):
    """What starts a check besides the clock: rows that arrive."""

    arrival: Name | None = Field(
        None,
        description="a file, folder or glob, from the folder of the YAML; a file that arrives is checked at once",
    )
    settle: Span = Field(timedelta(seconds=2), description="a file is complete when it has not changed for so long")
    poll: Span | None = Field(
        None, description="how often the newest time of the source is looked up; newer rows are checked at once"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.arrival is None and self.poll is None:
            raise Misfit("arrival (a file or glob) or poll (how often to look)", found="neither arrival nor poll")
        return self


class Schedule(Section):
    """When `driftloop serve` runs a check: by the clock (`cron` or `every`), on arrival of rows (`on`), or both."""

    cron: Annotated[str, AfterValidator(_known_cron)] | None = Field(
        None,
        description="minute hour day month weekday; weekdays by name. "
        f"If neither `cron`, `every` nor `on` is given: `{DAILY}`",
    )
    every: Span | None = Field(None, description="an interval from one check to the next, in place of `cron`")
    time_zone: TimeZone = Field("UTC", description="the zone of `cron`")
    on: On | None = None
    grace: Span = Field(
        timedelta(days=1), description="a check that could not start when it was due is made up for so long"
    )
    longest: Span = Field(timedelta(hours=6), description="a check that runs for longer is told as hung")
    silence: Span | None = Field(
        None,
        description="how late a check may be before that is told, `1h` if not given. "
        "Without `cron` and `every`: how far apart two checks may be, not watched if not given",
    )

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if self.cron is not None and self.every is not None:
            raise Misfit("cron or every", found="both cron and every", remedy="keep one of the two")
        return self

    @property
    def clock(self) -> str | timedelta | None:
        """The cron line or the interval; None if only arriving rows start a check."""
        return self.cron or self.every or (None if self.on else DAILY)


def one_by_one(weekdays: str) -> str:
    """A cron line's weekdays without spans: schedulers know none over the end of a week, and people write `sat-mon`.

    >>> one_by_one("sat-mon"), one_by_one("mon-fri/2"), one_by_one("sun"), one_by_one("*")
    ('sat,sun,mon', 'mon,wed,fri', 'sun', '*')
    """
    return ",".join(_span(part) for part in weekdays.lower().split(","))


def _span(part: str) -> str:
    days, _, step = part.partition("/")
    if "-" not in days:
        return part
    first, last = (WEEKDAYS.index(day) for day in days.split("-"))
    length = (last - first) % len(WEEKDAYS) + 1
    return ",".join(WEEKDAYS[(first + at) % len(WEEKDAYS)] for at in range(0, length, int(step or 1)))
