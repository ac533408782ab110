"""When a check runs: the keys of `schedule` in a model file. What they mean in time is in service/timing.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.columns import Name, TimeZone
from driftloop.monitoring.settings.durations import Span, at_least
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.config.cron import valid_cron

DAILY = "0 6 * * *"
# Each turn that is skipped is an event in the ledger: a shorter interval would only fill it.
Interval = Annotated[Span, at_least("0.1s")]


class On(Section):
    """Checks on arrival of rows, in addition to the schedule."""

    arrival: Name | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="file, folder or glob, relative to the folder of the YAML; an arriving file starts a check",
    )
    settle: Span = Field(timedelta(seconds=2), description="a file is complete when it has not changed for this long")
    poll: Interval | None = Field(
        None, description="interval for reading the newest time of the source; newer rows start a check"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.arrival is None and self.poll is None:
            raise ValidationProblem(
                "arrival (a file or glob) or poll (how often to look)", found="neither arrival nor poll"
            )
        return self


class Schedule(Section):
    """Times when `driftloop serve` runs a check: on schedule (`cron`, `every`), on arrival of rows (`on`), or both."""

    cron: Annotated[str, AfterValidator(valid_cron)] | None = Field(
        None,
        description="minute hour day month weekday; weekdays by name, or by number with 0 and 7 for Sunday. "
        f"If neither `cron`, `every` nor `on` is given: `{DAILY}`",
    )
    every: Interval | None = Field(None, description="interval from one check to the next, instead of `cron`")
    time_zone: TimeZone = Field("UTC", description="time zone of `cron`")
    on: On | None = Field(None, description="checks on arrival of rows; see `schedule.on`")
    grace: Span = Field(timedelta(days=1), description="a missed check is caught up if it was due within this time")
    longest: Span = Field(timedelta(hours=6), description="a check that runs longer is reported as hung")
    silence: Span | None = Field(
        None,
        description="delay after which a late check is reported; `1h` if not given. "
        "Without `cron` and `every`: maximum time between two checks; not monitored if not given",
    )

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if self.cron is not None and self.every is not None:
            raise ValidationProblem("cron or every", found="both cron and every", remedy="keep one of the two")
        return self

    @property
    def clock(self) -> str | timedelta | None:
        """The cron line or the interval; None if only arriving rows start a check."""
        return self.cron or self.every or (None if self.on else DAILY)
