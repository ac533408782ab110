"""One registered version of a model: its number, its run and its tags."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from driftloop.monitoring.records import Window

FOLLOWS = "driftloop.follows"


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
        """The spans whose rows this version has learned from."""
        return tuple(Window.model_validate(w) for w in json.loads(self.tags.get("driftloop.trained_on", "[]")))

    @property
    def newest_row(self) -> Any:
        """The end of the newest span it has learned from, or None."""
        return max((window.end for window in self.trained_on), default=None)
