"""What the service knows of one model while it watches it, and how the ledger's past makes the beginning of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, changed
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.service.arrivals import Arrivals, Poll
from driftloop.pipelines.service.running import Ended
from driftloop.pipelines.service.standing import Last, Standing, last_failed, last_of

# The newest checks are read, and more of them only where these measured no loss.
NEAR, FAR_ENOUGH = 20, 500


@dataclass
class Watched:
    """One model: its file as it was good last, its last check, its counts and what it waits for."""

    project: Project
    since: datetime
    last: Last | None = None
    champion_newest: datetime | None = None
    ends: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    overrun: int = 0
    arrivals: Arrivals | None = None
    poll: Poll | None = None
    told: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, project: Project, ledger: Ledger, now: datetime) -> Watched:
        """Take up a model where the last process left it."""
        checks = ledger.checks(project.model, most=NEAR)
        if len(checks) == NEAR and not any(check.performance for check in checks):
            checks = ledger.checks(project.model, most=FAR_ENOUGH)
        last = None
        for check in reversed(checks):
            last = last_of(check, last)
        made = cls(project, now, last)
        made.take(project)
        return made

    def take(self, project: Project) -> None:
        """Go on by another state of the file."""
        same = self.project.schedule.on == project.schedule.on and self.project.folder == project.folder
        self.project = project
        if not same or (self.arrivals is None and self.poll is None):
            since = self.last.started if self.last else None
            self.arrivals, self.poll = Arrivals.of(project, since), Poll.of(project, since)

    def ended(self, end: Ended) -> None:
        """Take in how a check ended."""
        assert end.asked.started is not None
        started = end.asked.started
        timed = {
            "seconds": (end.ended - started).total_seconds(),
            "waited_seconds": max(0.0, (started - end.asked.due).total_seconds()),
        }
        if isinstance(end.result, Check):
            last = last_of(end.result, self.last)
        else:
            reason = f"{type(end.error).__name__}: {end.error}"
            last = last_failed(reason, started, self.last)
        self.last = changed(last, **timed)
        self.ends[self.last.outcome] += 1
        self.told.clear()

    def standing(
        self, *, running_since: datetime | None, waits: bool, due: datetime | None, broken: str | None
    ) -> Standing:
        """Current status of the model."""
        return Standing(
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
            ends=dict(self.ends),
            missed=self.missed,
            overrun=self.overrun,
        )
