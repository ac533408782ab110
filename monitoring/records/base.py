"""Base class of the records, and their common types: moments, windows, outcomes, findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator


def utc(moment: datetime) -> datetime:
    """Put a moment into UTC; a time without a zone is read as UTC.

    >>> utc(datetime(2026, 1, 1)).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(utc), PlainSerializer(lambda m: m.isoformat(), when_used="json")]

Loss = Annotated[float, BeforeValidator(lambda value: float("inf") if value is None else value)]
"""A loss that may be infinite: null in JSON, which has no infinity, and read back as infinite."""


END = timedelta(microseconds=1)


class Record(BaseModel):
    """A frozen, closed bundle of values; NaN and infinities become null in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Window(Record):
    """A half-open span of time `[start, end)`, UTC.

    >>> week = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    >>> str(week), week.end in week
    ('2026-01-01 to 2026-01-08', False)
    """

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"a window must start before it ends, found {self.start} to {self.end}")
        return self

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def earlier(self, by: timedelta) -> Window:
        """Return the same span, moved back in time."""
        return Window(start=self.start - by, end=self.end - by)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= utc(moment) < self.end

    def __str__(self) -> str:
        # The end of a span of rows is a microsecond after the newest one.
        both = (
            (self.start, self.end - END) if self.end.microsecond == 1 and self.length > END else (self.start, self.end)
        )
        if any(moment.second or moment.microsecond for moment in both):
            return " to ".join(moment.replace(tzinfo=None).isoformat(" ") for moment in both)
        shape = "%Y-%m-%d %H:%M" if any(moment.hour or moment.minute for moment in both) else "%Y-%m-%d"
        return " to ".join(moment.strftime(shape) for moment in both)


class Outcome(StrEnum):
    """How a check ended. The first four are early exits, `failed` is an error of the system; the rest are judged.

    `requested` is the outcome of a check that requested a retrain from another process; the final outcome follows.
    `needed_elsewhere` is that of a check that decided to retrain a model that is trained elsewhere.
    """

    NO_DATA = "no_data"
    TOO_FEW_ROWS = "too_few_rows"
    ALREADY_CHECKED = "already_checked"
    BAD_DATA = "bad_data"
    STEADY = "steady"
    HELD = "held"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    BOOTSTRAPPED = "bootstrapped"
    AWAITING_APPROVAL = "awaiting_approval"
    REQUESTED = "requested"
    SWITCHED_BACK = "switched_back"
    RECALIBRATED = "recalibrated"
    ROLLED_BACK = "rolled_back"
    SHADOWING = "shadowing"
    SHADOW_DECLINED = "shadow_declined"
    NEEDED_ELSEWHERE = "needed_elsewhere"
    FAILED = "failed"

    @property
    def judged(self) -> bool:
        """Return whether the window counts as checked: measured and decided."""
        return self in {
            Outcome.STEADY,
            Outcome.HELD,
            Outcome.PROMOTED,
            Outcome.REJECTED,
            Outcome.BOOTSTRAPPED,
            Outcome.AWAITING_APPROVAL,
            Outcome.SWITCHED_BACK,
            Outcome.RECALIBRATED,
            Outcome.ROLLED_BACK,
            Outcome.SHADOWING,
            Outcome.SHADOW_DECLINED,
            Outcome.NEEDED_ELSEWHERE,
        }


UNTRAINED = frozenset({Outcome.SWITCHED_BACK, Outcome.ROLLED_BACK, Outcome.RECALIBRATED})
"""Outcomes of a promotion without a training; the code of its result and the kind of its event are the same word."""

Severity = Literal["info", "warning", "error", "fatal"]
Kind = Literal["numeric", "categorical"]
Role = Literal["feature", "prediction", "target"]


class Finding(Record):
    """One problem that preflight found.

    A `warning` is reported. An `error` also sends a notification: the column differs from the reference as a whole, and
    is scored nevertheless. A `fatal` one would corrupt a training: the check ends as `bad_data`.
    """

    code: str
    severity: Severity
    message: str
    column: str | None = None
    observed: float | None = None
    limit: float | None = None
