"""Status of a model in the service: late, overdue, hung. Pure; shown by health and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import Check, ColumnScore, FairnessGap, MetricValue, Moment, Outcome, Record, changed
from driftloop.monitoring.records import Standing as Loss
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.config.timing import due_after
from driftloop.pipelines.notify import notices
from driftloop.pipelines.notify.notices import Notice

LATE_BY_DEFAULT = timedelta(hours=1)


class Last(Record):
    """Last check of a model. `seconds` and `waited_seconds` exist for checks of this process only.

    Drift share, columns, loss and metrics are the latest measured values, at `drift_at` and `loss_at`, of this check or
    an earlier one. `not_well` is the model's problem, if any. `scarce` counts the consecutive checks without rows or
    with too few. `shadow_windows` are those that have counted for a challenger in shadow, if there is one.
    """

    check_id: str | None = None
    outcome: str
    reason: str
    started: Moment
    seconds: float | None = None
    waited_seconds: float | None = None
    drift_share: float | None = None
    drift_at: Moment | None = None
    columns: tuple[ColumnScore, ...] = ()
    loss_name: str | None = None
    loss: float | None = None
    reference_loss: float | None = None
    metrics: tuple[MetricValue, ...] = ()
    fairness: tuple[FairnessGap, ...] = ()
    loss_at: Moment | None = None
    standing: Loss = "unknown"
    not_well: str | None = None
    scarce: int = 0
    shadow_windows: int | None = None


def last_of(check: Check, before: Last | None = None) -> Last:
    """Summarize a finished check. Values that it did not measure are taken from earlier checks."""
    last = Last(
        check_id=check.check_id, outcome=check.outcome.value, reason=check.reason, started=check.now, **_kept(before)
    )
    if check.drift_share is not None:
        last = changed(last, drift_share=check.drift_share, drift_at=check.now, columns=check.columns)
    if (loss := check.performance) is not None:
        values = {"loss_name": loss.loss_name, "loss": loss.loss, "reference_loss": loss.reference_loss}
        last = changed(last, **values, metrics=check.metrics, fairness=check.fairness)
        last = changed(last, loss_at=check.now, standing=check.standing)
    if check.champion_after != check.champion:
        last = changed(last, standing="unknown")  # the measured loss is that of another version
    again = check.outcome is Outcome.ALREADY_CHECKED
    if check.outcome.judged:
        last = changed(last, shadow_windows=_shadow_windows(check))
    scarce = before.scarce if before else 0
    scarce = scarce if again else scarce + 1 if check.outcome in notices.SCARCE else 0
    why = before.not_well if again and before and notices.cause(check) is None else not_well(check, scarce)
    return changed(last, scarce=scarce, not_well=why)


def last_failed(reason: str, started: datetime, before: Last | None) -> Last:
    """Summarize a check that ended in an unrecorded error."""
    why = f"the check failed: {reason}"
    return Last(outcome=Outcome.FAILED.value, reason=reason, started=started, not_well=why, **_kept(before))


def not_well(check: Check, scarce: int = 0) -> str | None:
    """Return the problem of a model after a check: its data, its loss, the check itself, or no champion; or None.

    A single window without rows is not a problem; `scarce` counts consecutive ones.
    """
    if check.outcome is Outcome.FAILED:
        return f"the check failed: {check.reason}"
    if check.outcome in notices.SCARCE and notices.cause(check) == check.outcome.value:
        return f"{scarce} checks in a row without enough rows: {check.reason}" if scarce > 1 else None
    if notices.cause(check) is not None:
        broken = check.outcome is Outcome.BAD_DATA
        return check.reason if broken else f"errors in the data: {notices.cause(check)}"
    if check.outcome.judged and check.champion_after is None:
        return f"no champion: {check.reason}"
    if remains_worse(check) and check.performance is not None:
        return f"worse than the reference: {format_loss(check.performance)}"
    return None


def _shadow_windows(check: Check) -> int | None:
    """Return the windows that have counted for a challenger that is in shadow after a check; None without one."""
    if check.outcome is Outcome.SHADOWING:
        return 0
    return len(check.shadow.windows) if check.shadow is not None and check.shadow.promotes is None else None


def _kept(before: Last | None) -> dict[str, Any]:
    drift, loss = {"drift_share", "drift_at", "columns"}, {"loss_name", "loss", "reference_loss", "loss_at", "standing"}
    kept = drift | loss | {"metrics", "fairness", "shadow_windows"}
    return {name: getattr(before, name) for name in sorted(kept)} if before else {}


def overdue_notice(status: ModelStatus, now: datetime) -> tuple[str, Notice] | None:
    """Return the kind of event and the notification of a check that is hung or overdue; None otherwise."""
    if status.running_since is not None and status.hung(now):
        return "check_hung", notices.of_hung(status.model, status.running_since, now - status.running_since)
    if status.silent(now):
        return "check_silent", notices.of_silence(status.model, status.lag(now), status.due())
    return None


@dataclass(frozen=True)
class ModelStatus:
    """Status of one model at one time. `watched_since` is when a model without a check was first watched.

    With `preflight.max_silence`, `newest_row` is the time of the newest row, `stale` the message that it is too old,
    and `aged` whether they are known.
    """

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
    aged: bool = False
    newest_row: datetime | None = None
    stale: str | None = None
    ends: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    overrun: int = 0

    @property
    def problem(self) -> str | None:
        """The model's problem after its last check, or that its newest row is too old; None without one."""
        return (self.last.not_well if self.last else None) or self.stale

    @property
    def last_start(self) -> datetime:
        """Start of the last check; before the first one, the start of the watch."""
        return self.last.started if self.last else self.watched_since

    def due(self) -> datetime | None:
        """Return when a check was or will be due after the last one; None without a schedule."""
        if self.schedule.clock is not None:
            return due_after(self.schedule, self.last_start, self.last_start)
        return self.last_start + self.schedule.silence if self.schedule.silence else None

    def lag(self, now: datetime) -> timedelta:
        """Return how long a check has been due; zero if none is."""
        due = self.due()
        return max(now - due, timedelta()) if due else timedelta()

    def silent(self, now: datetime) -> bool:
        """Return whether a check is later than the schedule allows, and none is running."""
        if self.running_since is not None or self.due() is None:
            return False
        allowed = timedelta() if self.schedule.clock is None else self.schedule.silence or LATE_BY_DEFAULT
        return self.lag(now) > allowed

    def hung(self, now: datetime) -> bool:
        """Return whether a check has been running for longer than allowed."""
        return self.running_since is not None and now - self.running_since > self.schedule.longest
