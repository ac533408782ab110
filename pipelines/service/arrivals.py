"""Detection of new rows: newly arrived files, and tables with a newer newest time."""

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
    """Return the absolute path or glob whose files start a check; None if there is none."""
    on = project.schedule.on
    if on is None or on.arrival is None:
        return None
    return os.path.abspath(project.folder / os.path.expanduser(expand(on.arrival, "schedule.on.arrival")))


@dataclass
class Arrivals:
    """Files of one model. Files from before the start of the last check are known; later files are new.

    A file that arrives while no service runs is therefore found at the next start. `since` is the start of the last
    check, None if there was none.
    """

    at: str
    files: Settling

    @classmethod
    def of(cls, project: Project, since: datetime | None) -> Arrivals | None:
        at, on = pattern(project), project.schedule.on
        if at is None or on is None:
            return None
        files = listing(at).items()
        known = {name: stamp for name, stamp in files if since and stamp.appeared <= since and stamp.whole}
        return cls(at, Settling(on.settle, known))

    def look(self, now: datetime) -> tuple[str, ...]:
        """Return the new and complete files."""
        return self.files.see(listing(self.at), now)

    @property
    def root(self) -> tuple[Path, bool]:
        return roots(self.at)


@dataclass
class Poll:
    """Newest time of one model's source, polled at intervals. `checked` is the newest time that was checked.

    A row later than the window of a check at this moment does not start a check: with rows per minute and windows per
    day there is one check per day, and another one when late rows arrive.
    """

    checked: datetime
    polled: datetime = field(default=LONG_AGO)

    @classmethod
    def of(cls, project: Project, since: datetime | None) -> Poll | None:
        on = project.schedule.on
        return cls(since or LONG_AGO) if on is not None and on.poll is not None else None

    def due(self, project: Project, now: datetime) -> bool:
        """Return whether it is time to poll again, counted from the last poll."""
        on = project.schedule.on
        if on is None or on.poll is None or now - self.polled < on.poll:
            return False
        self.polled = now
        return True

    def look(self, project: Project, now: datetime) -> bool:
        """Return whether a check now would read newer rows than the last one. Raises the errors of the source."""
        span = sources.span(project.source, project.reading, project.folder)
        newest = min(span.end, current_window(now, project.windows).end) if span else LONG_AGO
        newer = newest > self.checked
        self.checked = max(newest, self.checked)
        return newer
