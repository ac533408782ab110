"""Settings of the archive watch."""

from __future__ import annotations

from pydantic import Field

from driftloop.monitoring.settings.section import Section


class Archive(Section):
    """Archived models that are scored on each newly labeled window, next to the champion.

    They are former champions, and models of the history that `driftloop backtest --keep-models` stored.
    """

    keep: int = Field(
        8,
        ge=0,
        le=64,
        description="number of models to score: former champions first, then models of the history; 0: none",
    )
    act: bool = Field(
        True, description="switch to an archived model that is better; otherwise the check only reports it"
    )
