"""How a model stands with the service, and what that means: late, silent, hung. Pure; shown by health and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitoring.records import Check, Moment, Record
from pipelines import notices
from pipelines.notices import Notice
from pipelines.schedule import Schedule
from pipelines.service.timing import due_after

LATE_BY_DEFAULT = timedelta(hours=1)


class Last(Record):
    """The last check of a model. `seconds` and `waited_seconds` are known of checks of this process only."""

    check_id: str | None = None
    outcome: str
    reason: str
    started: Moment
    seconds: float | None = None
    waited_seconds: float | None = None
    drift_share: float | None = None
    loss_name: str | None = None
    loss: float | None = None


def last_of(check: Check, before: Last | None = None) -> Last:
    """What is shown of a finished check; of one that left early, the numbers of the judged one before it."""
    seen = check.performance
    last = Last(
        check_id=check.check_id,
        outcome=check.outcome.value,
        reason=check.reason,
        started=check.now,
        drift_share=check.drift_share,
        loss_name=seen.loss_name if seen else None,
        loss=seen.loss if seen else None,
    )
    if check.outcome.judged or before is None:
        return last
    kept = {"drift_share": before.drift_share, "loss_name": before.loss_name, "loss": before.loss}
    return last.model_copy(update=kept)


def news_of(one: Standing, now: datetime) -> tuple[str, Notice] | None:
    """The news that a check hangs, or that one should have run and did not, with the kind of its event; or none."""
    if one.running_since is not None and one.hung(now):
        return "check_hung", notices.of_hung(one.model, one.running_since, now - one.running_since)
    if one.silent(now):
        return "check_silent", notices.of_silence(one.model, one.lag(now), one.due())
    return None


@dataclass(frozen=True)
class Standing:
    """One model at one moment. `watched_since` is when this service took it up; `next` is when it is due next."""

    model: str
    file: str
    schedule: Schedule
    watched_since: datetime
    last: Last | None = None
    running_since: datetime | None = None
    waits: bool = False
    next: datetime | None = None
    broken: str | None = None
    champion_newest: datetime | None = None
    ends: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    overrun: int = 0

    @property
    def heard(self) -> datetime:
        """When the last check began; before the first one, when the watch did."""
        return self.last.started if self.last else self.watched_since

    def due(self) -> datetime | None:
        """When a check was or will be due after the last one; None where nothing says how often it should run."""
        if self.schedule.clock is not None:
            return due_after(self.schedule, self.heard, self.heard)
        return self.heard + self.schedule.silence if self.schedule.silence else None

    def lag(self, now: datetime) -> timedelta:
        """How long a check has been due by now; nothing if none is."""
        due = self.due()
        return max(now - due, timedelta()) if due else timedelta()

    def silent(self, now: datetime) -> bool:
        """Whether a check is later than the schedule allows, and none is running."""
        if self.running_since is not None or self.due() is None:
            return False
        allowed = timedelta() if self.schedule.clock is None else self.schedule.silence or LATE_BY_DEFAULT
        return self.lag(now) > allowed

    def hung(self, now: datetime) -> bool:
        """Whether a check has been running for longer than any should."""
        return self.running_since is not None and now - self.running_since > self.schedule.longest
