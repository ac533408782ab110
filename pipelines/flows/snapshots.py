"""Snapshot of a check in Evidently's workspace, where `report.workspace` names one. It never fails a check."""

from __future__ import annotations

from prefect import get_run_logger

from driftloop.monitoring.records import Decision, Finding, FindingCode
from driftloop.pipelines.config.reports import KEY
from driftloop.pipelines.flows.measuring import Measurement
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import phases

SNAPSHOT_NOT_STORED = FindingCode(
    name="snapshot_not_stored",
    severities=("warning",),
    meaning="the snapshot of this check is missing in Evidently's workspace; the check and its report are complete",
    cause="the folder of `report.workspace` cannot be written to, or the service there is unreachable or refused",
    remedy="correct `report.workspace` or EVIDENTLY_SECRET, or start the service; the next check stores its own",
)


def stored(run: CheckRun, decision: Decision, measured: Measurement) -> tuple[str | None, tuple[Finding, ...]]:
    """Store the snapshot of a check; return its file or page, or the finding that it could not be stored.

    A dry run stores nothing.
    """
    if run.config.report.workspace is None or run.dry_run:
        return None, ()
    phases.enter("storing the snapshot")
    try:
        return _store(run, decision, measured), ()
    except Exception as error:
        message = f"{KEY}: the snapshot could not be stored: {type(error).__name__}: {error}"
        get_run_logger().warning("%s", message)
        return None, (SNAPSHOT_NOT_STORED.found(message),)


def _store(run: CheckRun, decision: Decision, measured: Measurement) -> str:
    from driftloop.monitoring.report.snapshots import Label, opened, snapshot_of

    place = run.config.report.place(run.config.folder)
    assert place is not None
    texts = {
        "check": run.check_id,
        "window_start": run.window.start.isoformat(),
        "window_end": run.window.end.isoformat(),
        "rows": str(run.rows),
        "champion": str(run.champion),
        "decision": decision.action,
        "reason": decision.reason,
    }
    tags = (f"version:{run.champion}", f"decision:{decision.action}")
    label = Label(run.config.model, run.check_id, run.window, tags, tuple(texts.items()))
    return opened(place).store(label, snapshot_of(measured.drawn, run.config.drift, label))
