"""Rules of single columns (`columns.rules`) and of the age of the newest row (`preflight.max_silence`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.limits import Share
from driftloop.monitoring.settings.section import Section

Severity = Literal["warning", "error", "fatal"]
BOUND = "a number, a date such as 2026-01-31 or a time such as 2026-01-31 18:00"


def _bound(value: Any) -> Any:
    """Read the text of a date or a time; numbers and YAML's own dates stay as they are."""
    if isinstance(value, date) or (_is_number(value) and math.isfinite(value)):
        return value
    if isinstance(value, str):
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                return read(value)
            except ValueError:
                continue
    raise ValidationProblem(BOUND)


def _level(value: Any) -> Any:
    """Accept one value; a list or a section is none."""
    if isinstance(value, str | bool | date) or (_is_number(value) and math.isfinite(value)):
        return value
    raise ValidationProblem("text, a number, true, false or a date")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


Number = int | float
Bound = Annotated[StrictInt | StrictFloat | datetime | date, BeforeValidator(_bound)]
"""A number, a date, or a time; a time without an offset is in `columns.time_zone`."""
Level = Annotated[
    StrictBool | StrictInt | StrictFloat | Annotated[str, Field(max_length=4096)] | date, BeforeValidator(_level)
]


class Rule(Section):
    """Limits of one column, whatever the champion was trained on.

    A column may be a feature, the target, the time, part of the id, or any other column of the source or of `derived`.
    Rules are evaluated on the rows of the current window, for the target on those of the labeled window. Rows that
    break a rule are a finding; if it is fatal, the check ends as `bad_data`.
    """

    min: Bound | None = Field(None, description="smallest allowed value: a number, a date or a time")
    max: Bound | None = Field(None, description="largest allowed value; a date includes the whole day")
    max_null_share: Share | None = Field(None, description="maximum share of rows without a value")
    levels: tuple[Level, ...] | None = Field(None, min_length=1, max_length=10_000, description="allowed values")
    unique: bool = Field(False, description="no value may be in more than one row of the window")
    severity: Severity = Field("warning", description="severity of the findings: warning, error or fatal")

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if not (self.bounded or self.levels or self.unique or self.max_null_share is not None):
            raise ValidationProblem(
                "at least one of min, max, max_null_share, levels and unique: true",
                found="no condition",
                remedy="add one, for example {min: 0}, or remove the rule",
            )
        low, high = self.min, self.max
        if low is None or high is None:
            return self
        if isinstance(low, Number) != isinstance(high, Number):
            raise ValidationProblem(
                "two numbers, or two dates", key="max", found=f"{shown(high)} with a min of {shown(low)}"
            )
        if _late(low) > _late(high):
            found = f"{shown(high)}, below the min of {shown(low)}"
            raise ValidationProblem("a max of at least min", key="max", found=found, remedy="swap or correct them")
        return self

    @property
    def bounded(self) -> bool:
        return self.min is not None or self.max is not None

    @property
    def reads(self) -> Literal["number", "timestamp", "text"]:
        """How the text of a file is read for this rule, if no other part of the config sets the type."""
        bound = self.min if self.min is not None else self.max
        if bound is None:
            typed = (isinstance(level, Number) and not isinstance(level, bool) for level in self.levels or ())
            return "number" if self.levels and all(typed) else "text"
        return "number" if isinstance(bound, Number) else "timestamp"

    def refuse(self, key: str, *, numeric: bool, is_time: bool) -> None:
        """Raise `ValidationProblem` if the rule cannot apply to a numeric feature, or to the time column."""
        if numeric and self.reads == "timestamp":
            raise ValidationProblem("numbers for a column of columns.numeric", key=key, found="a date")
        if is_time and self.bounded and self.reads == "number":
            raise ValidationProblem("dates or times for the column of columns.time", key=key, found="a number")
        wrong = next((level for level in self.levels or () if isinstance(level, str | date)), None)
        if numeric and wrong is not None:
            raise ValidationProblem(
                "numbers as levels of a column of columns.numeric",
                key=f"{key}.levels",
                found=repr(wrong) if isinstance(wrong, str) else str(wrong),
                remedy="correct the level, or move the column to columns.categorical",
            )


class Silence(Section):
    """Limit of the age of the newest row.

    `max_silence: 2h` is short for `{after: 2h}`. It also applies to a window without rows, and the service compares it
    between checks.
    """

    after: Span = Field(description="maximum time since the newest row")
    severity: Severity = Field("error", description="severity of the finding; an error sends a notification")


def short_silence(value: Any) -> Any:
    """Return `2h` as the section that it is short for."""
    return {"after": value} if isinstance(value, str | timedelta) else value


def shown(bound: Any) -> str:
    """Return a bound as text.

    >>> shown(120), shown(1234567.5), shown(date(2026, 1, 31)), shown(datetime(2026, 1, 31, 18))
    ('120', '1,234,567.5', '2026-01-31', '2026-01-31 18:00:00')
    """
    if isinstance(bound, int):
        return f"{bound:,}" if abs(bound) < 10**15 else str(bound)
    if isinstance(bound, float):
        return f"{bound:,.15g}" if math.isfinite(bound) else str(bound)
    return bound.isoformat(" ") if isinstance(bound, datetime) else str(bound)


def others(rules: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that only rules read."""
    there = set(known)
    return tuple(name for name in rules if name not in there)


def _late(bound: Any) -> Any:
    """Return a bound in an order that numbers, and that dates and times, share."""
    if isinstance(bound, Number):
        return bound
    return (bound if isinstance(bound, datetime) else datetime.combine(bound, time.min)).replace(tzinfo=None)
