"""Which models have new rows: files that have arrived, and tables whose newest time has moved on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from driftloop.monitoring import sources
from driftloop.monitoring.settings.secrets import expand
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.service.settling import Settling, listing, roots

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def pattern(project: Project) -> str | None:
    """The path or glob whose files start a check, absolute; None if there is none."""
    on = project.schedule.on
    if on is None or on.arrival is None:
        return None
    return os.path.abspath(project.folder / os.path.expanduser(expand(on.arrival, "schedule.on.arrival")))


@dataclass
class Arrivals:
    """The files of one model. What was there before the last check began is known; what came later is new.

    So a file that arrives while no service runs is found by the next one. `since` is when the last check began, None
    if there was none.
    """

    at: str
    files: Settling

    @classmethod
    def of(cls, project: Project, since: datetime | None) -> Arrivals | None:
        at, on = pattern(project), project.schedule.on
        if at is None or on is None:
            return None
        known = {name: one for name, one in listing(at).items() if since and one.appeared <= since and one.whole}
        return cls(at, Settling(on.settle, known))

    def look(self, now: datetime) -> tuple[str, ...]:
        """The files that are new and complete by now."""
        return self.files.see(listing(self.at), now)

    @property
    def root(self) -> tuple[Path, bool]:
        return roots(self.at)


@dataclass
class Poll:
    """The newest time of one model's source, looked up now and then. `seen` is the newest time that was checked.

    A row that is newer than the window of a check at this moment is not looked at yet, and so is no reason for one:
    with rows by the minute and windows by the day there is one check a day, and one more when late rows fill it.
    """

    seen: datetime
    asked: datetime = field(default=LONG_AGO)

    @classmethod
    def of(cls, project: Project, since: datetime | None) -> Poll | None:
        on = project.schedule.on
        return cls(since or LONG_AGO) if on is not None and on.poll is not None else None

    def due(self, project: Project, now: datetime) -> bool:
        """Whether it is time to look again; counted from the last look on."""
        on = project.schedule.on
        if on is None or on.poll is None or now - self.asked < on.poll:
            return False
        self.asked = now
        return True

    def look(self, project: Project, now: datetime) -> bool:
        """Whether a check now would see newer rows than the last one did. Raises what the source raises."""
        there = sources.span(project.source, project.reading, project.folder)
        newest = min(there.end, current_window(now, project.windows).end) if there else LONG_AGO
        newer = newest > self.seen
        self.seen = max(newest, self.seen)
        return newer
