"""Which rows to read, and how: the one argument of every reader, in this process or in an engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.settings.reading import Reading
from driftloop.pipelines.data.early import Early

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored


@dataclass(frozen=True)
class Query:
    """The rows of `window`, in the source of a config whose relative paths start in `folder`.

    Labels in a table of their own are those known at `now`, by default at the end of the window; without `labels` that
    table is not read. Of a model elsewhere the predictions by its version `scored_by` are read with the rows. `judged`
    is the window of a check, on which the rules of columns are evaluated. `early` predicts rows while others are read,
    if this process reads them.
    """

    config: Monitored
    window: Window
    folder: Path
    now: datetime | None = None
    scored_by: str | None = None
    judged: Window | None = None
    labels: bool = True
    early: Early | None = None

    @property
    def reading(self) -> Reading:
        """Return the columns to read, without the rules of columns."""
        reading = self.config.reading if self.labels else self.config.reading.without_labels
        return reading if self.scored_by is None else changed(reading, scored_by=self.scored_by)
