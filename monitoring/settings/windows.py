"""Section `windows` of a model's YAML: spans that are cut from `now`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.section import Section


class Windows(Section):
    """Lengths of the windows. The current window ends at the current time, rounded down to `align`."""

    current: Span = Field(timedelta(days=7), description="length of the window of one check")
    reference: Span | None = Field(
        None, description="newest part of the training rows that is kept as the reference; all of them if not given"
    )
    reference_span: Span | None = Field(
        None,
        description="with `training: none`: span of the predictions, before the labeled window of a check, that are "
        "the reference of a new version; four current windows if not given",
    )
    align: Span | None = Field(
        None, description="step to which windows are rounded; if not given 1d for whole days, otherwise 1h, 1m or 1s"
    )
