"""Status of a model as the ledger has it: for a service at its start, and for metrics without a service."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.quality.freshness import stale_of
from driftloop.monitoring.records import Check, changed
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry.model_status import Last, ModelStatus, last_of

# Number of recent checks to read; the larger number only if these have no loss.
NEAR, FAR_ENOUGH = 20, 500


def last_recorded(ledger: Ledger, model: str) -> tuple[Last | None, Check | None]:
    """Return the last check with the values that earlier ones measured, and its whole record; None before the first."""
    checks = ledger.checks(model, most=NEAR)
    if len(checks) == NEAR and not any(check.performance for check in checks):
        checks = ledger.checks(model, most=FAR_ENOUGH)
    last = None
    for check in reversed(checks):
        last = last_of(check, last)
    return last, checks[0] if checks else None


def status_of(
    project: Project, ledger: Ledger, now: datetime, *, seconds: float | None, champion_newest: datetime | None
) -> ModelStatus:
    """Return the status of a model after a check that took `seconds`; counts of outcomes are of all its checks."""
    last, check = last_recorded(ledger, project.model)
    late = stale_of(check.findings) if check else None
    return ModelStatus(
        model=project.model,
        file=str(project.file),
        schedule=project.schedule,
        watched_since=now,
        last=changed(last, seconds=seconds) if last else None,
        champion_newest=champion_newest,
        aged=check is not None and (check.newest_row is not None or late is not None),
        newest_row=check.newest_row if check else None,
        stale=late.message if late else None,
        ends=ledger.outcomes(project.model),
    )
