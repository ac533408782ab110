"""Settings of the archive watch."""

from __future__ import annotations

from pydantic import Field

from driftloop.monitoring.settings.section import Section


class Archive(Section):
    """Former champions that are scored on each newly labeled window, next to the champion."""

    keep: int = Field(8, ge=0, le=64, description="number of former champions to score; 0 switches the archive off")
    act: bool = Field(
        True, description="switch back to a former champion that is better; otherwise the check only reports it"
    )
