"""One registered version of a model: its number, its run and its tags."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from driftloop.monitoring.records import Window

FOLLOWS = "driftloop.follows"
# Place of a model of the history among those that a backtest keeps for the archive, or `UNRANKED`.
HISTORY_RANK, UNRANKED = "driftloop.history_rank", "none"
# The version whose model a version recalibrates, and the span of the rows that it was recalibrated on.
RECALIBRATES, RECALIBRATED_ON = "driftloop.recalibrates", "driftloop.recalibrated_on"


@dataclass(frozen=True)
class Version:
    """One registered version. Its artifacts never change, so they are fetched once."""

    model: str
    number: str
    model_id: str
    run_id: str | None
    tags: dict[str, str] = field(hash=False)

    @property
    def follows(self) -> str | None:
        """The version of a model elsewhere, as its table of predictions names it; None for a model that is here."""
        return self.tags.get(FOLLOWS)

    @property
    def trained_on(self) -> tuple[Window, ...]:
        """The spans whose rows this version has learned from, those of its recalibration included."""
        return tuple(Window.model_validate(w) for w in json.loads(self.tags.get("driftloop.trained_on", "[]")))

    @property
    def newest_row(self) -> Any:
        """The end of the newest span that its training has learned from, or None: a recalibration keeps its age."""
        return max((window.end for window in self.fitted_on), default=None)

    @property
    def fitted_on(self) -> tuple[Window, ...]:
        """The spans whose rows its training has learned from, without those of a recalibration."""
        recent = self.tags.get(RECALIBRATED_ON)
        later = (Window.model_validate_json(recent),) if recent else ()
        return tuple(window for window in self.trained_on if window not in later)

    @property
    def newest_learned(self) -> Any:
        """The end of the newest span that it has learned from in any way, or None."""
        return max((window.end for window in self.trained_on), default=None)

    @property
    def recalibrates(self) -> str | None:
        """The version whose model this one recalibrates; None for a model of its own."""
        return self.tags.get(RECALIBRATES)

    @property
    def of_history(self) -> bool:
        """Return whether a backtest stored it, instead of a training run that a check or a user requested."""
        return HISTORY_RANK in self.tags

    @property
    def history_rank(self) -> int | None:
        """Return its place, from 1 on, among the models of the history that are kept for the archive, or None."""
        rank = self.tags.get(HISTORY_RANK, "")
        return int(rank) if rank.isdigit() else None
