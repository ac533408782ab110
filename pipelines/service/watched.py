"""State of one model while the service watches it, initialized from the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, changed
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.service.arrivals import Arrivals, Poll
from driftloop.pipelines.service.freshness import RowAge
from driftloop.pipelines.service.running import CheckEnd
from driftloop.pipelines.telemetry.last_recorded import last_recorded
from driftloop.pipelines.telemetry.model_status import Last, ModelStatus, last_failed, last_of

WATCHED = "watched"


@dataclass
class Watched:
    """One model: its last valid config, its last check, its counts and what it waits for."""

    project: Project
    since: datetime
    last: Last | None = None
    champion_newest: datetime | None = None
    ends: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    overrun: int = 0
    arrivals: Arrivals | None = None
    poll: Poll | None = None
    age: RowAge = field(default_factory=RowAge)
    reported: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, project: Project, ledger: Ledger, now: datetime) -> Watched:
        """Read the state that the last process left in the ledger."""
        last, check = last_recorded(ledger, project.model)
        watched = cls(project, now if check else _first_watched(project.model, ledger, now), last)
        if check is not None:
            watched.age.checked(check)
        watched.take(project)
        return watched

    def take(self, project: Project) -> None:
        """Continue with another state of the config."""
        same = self.project.schedule.on == project.schedule.on and self.project.folder == project.folder
        self.project = project
        if project.preflight.max_silence is None:
            self.age = RowAge()
        if not same or (self.arrivals is None and self.poll is None):
            since = self.last.started if self.last else None
            self.arrivals, self.poll = Arrivals.of(project, since), Poll.of(project, since)

    def ended(self, end: CheckEnd) -> None:
        """Record the end of a check."""
        assert end.request.started is not None
        started = end.request.started
        timed = {
            "seconds": (end.ended - started).total_seconds(),
            "waited_seconds": max(0.0, (started - end.request.due).total_seconds()),
        }
        if isinstance(end.result, Check):
            last = last_of(end.result, self.last)
            self.age.checked(end.result)
        else:
            reason = f"{type(end.error).__name__}: {end.error}"
            last = last_failed(reason, started, self.last)
        self.last = changed(last, **timed)
        self.ends[self.last.outcome] += 1
        self.reported.clear()

    def status(
        self, *, running_since: datetime | None, waits: bool, due: datetime | None, broken: str | None
    ) -> ModelStatus:
        """Current status of the model."""
        return ModelStatus(
            model=self.project.model,
            file=str(self.project.file),
            schedule=self.project.schedule,
            watched_since=self.since,
            last=self.last,
            running_since=running_since,
            waits=waits,
            next=due,
            broken=broken,
            champion_newest=self.champion_newest,
            aged=self.project.preflight.max_silence is not None and self.age.known,
            newest_row=self.age.newest,
            stale=self.age.stale,
            ends=dict(self.ends),
            missed=self.missed,
            overrun=self.overrun,
        )


def _first_watched(model: str, ledger: Ledger, now: datetime) -> datetime:
    """Return when a service first watched a model that was never checked: what was due since then is caught up."""
    found = ledger.events(model, most=1, kinds=(WATCHED,))
    if found:
        return found[0].written_at
    ledger.note(model, WATCHED, {}, now)
    return now
