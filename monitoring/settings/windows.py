"""Section `windows` of a model's YAML: spans that are cut from `now`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.section import Section


class Windows(Section):
    """Spans that are cut from `now`. The end of the current window is `now` rounded down to `align`."""

    current: Span = Field(timedelta(days=7), description="the fresh rows of one check")
    reference: Span | None = Field(
        None, description="the newest span of the training rows kept as the reference; all of them if not given"
    )
    align: Span | None = Field(None, description="1d if current is whole days, else 1h, 1m or 1s, as fits")
