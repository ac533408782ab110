"""Age of the newest row of a model between its checks (`preflight.max_silence`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from driftloop.monitoring import sources
from driftloop.monitoring.quality.freshness import stale, stale_of
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import notices
from driftloop.pipelines.notify.notices import Notice
from driftloop.pipelines.service.arrivals import LONG_AGO

ROWS_SILENT = "rows_silent"
# The source is asked ten times within the limit, within these bounds.
OFTEN, SELDOM = timedelta(seconds=5), timedelta(hours=1)


def interval(limit: timedelta) -> timedelta:
    """Return the least time between two looks at a source whose newest row may be as old as a limit.

    >>> interval(timedelta(hours=2)) == timedelta(minutes=12), interval(timedelta(days=7)) == SELDOM
    (True, True)
    """
    return min(max(limit / 10, OFTEN), SELDOM)


@dataclass
class RowAge:
    """Newest row of one model, by its last check or the last look at its source.

    `stale` is the message that it is too old. `known` is false until the first look.
    """

    newest: datetime | None = None
    stale: str | None = None
    known: bool = False
    looked: datetime = LONG_AGO

    def checked(self, check: Check) -> None:
        """Take over what a check found."""
        late = stale_of(check.findings)
        if check.newest_row is not None or late is not None:
            self.newest, self.stale, self.known = check.newest_row, late.message if late else None, True

    def due(self, project: Project, now: datetime) -> bool:
        """Return whether it is time to look at the source again."""
        silence = project.preflight.max_silence
        if silence is None or now - self.looked < interval(silence.after):
            return False
        self.looked = now
        return True

    def look(self, project: Project, now: datetime) -> Notice | None:
        """Look at the source; return the notification if its newest row is too old. Raises the errors of the source."""
        silence = project.preflight.max_silence
        if silence is None:
            return None
        newest = sources.newest(project.source, project.reading, project.folder, now)
        late = stale(newest, silence, now)
        self.newest, self.stale, self.known = newest, late.message if late else None, True
        if late is None or late.severity == "warning":
            return None
        return notices.of_stale(project.model, newest, late)
