"""When a check runs: the keys of `schedule` in a model file. What they mean in time is in service/timing.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from driftloop.monitoring.errors import Misfit
from driftloop.monitoring.settings.columns import Name, TimeZone
from driftloop.monitoring.settings.durations import Span, at_least
from driftloop.monitoring.settings.limits import LONGEST_PATH
from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.config.cron import valid_cron

DAILY = "0 6 * * *"
# Each turn that is skipped is an event in the ledger: a shorter interval would only fill it.
Interval = Annotated[Span, at_least("0.1s")]


class On(Section):
    """What starts a check besides the clock: rows that arrive."""

    arrival: Name | None = Field(
        None,
        max_length=LONGEST_PATH,
        description="a file, folder or glob, from the folder of the YAML; a file that arrives is checked at once",
    )
    settle: Span = Field(timedelta(seconds=2), description="a file is complete when it has not changed for so long")
    poll: Interval | None = Field(
        None, description="how often the newest time of the source is looked up; newer rows are checked at once"
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.arrival is None and self.poll is None:
            raise Misfit("arrival (a file or glob) or poll (how often to look)", found="neither arrival nor poll")
        return self


class Schedule(Section):
    """When `driftloop serve` runs a check: by the clock (`cron` or `every`), on arrival of rows (`on`), or both."""

    cron: Annotated[str, AfterValidator(valid_cron)] | None = Field(
        None,
        description="minute hour day month weekday; weekdays by name. "
        f"If neither `cron`, `every` nor `on` is given: `{DAILY}`",
    )
    every: Interval | None = Field(None, description="an interval from one check to the next, in place of `cron`")
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
