"""Silence in server mode: reports models whose check hangs or is overdue, and models whose rows are too old."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import DeploymentSort

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.notify import announce
from driftloop.pipelines.notify.notices import Notice
from driftloop.pipelines.server.desired import TAG
from driftloop.pipelines.service.freshness import ROWS_SILENT, RowAge, interval
from driftloop.pipelines.telemetry.model_status import ModelStatus, last_of, overdue_notice

LOOKED = "rows_looked_up"
# Page size of the API.
PAGE = 200


def report_silence(client: SyncPrefectClient, ledger: Ledger, now: datetime) -> list[str]:
    """Record and send a notification for every silent deployed model, once while it stays so; return their names.

    Paused deployments are skipped. An error of one model is logged and does not affect the others.
    """
    silent = []
    for deployment in _deployments(client):
        try:
            silent += [deployment.name] if _report(client, ledger, deployment, now) else []
        except Exception as error:
            get_run_logger().warning(
                "%s: its last check could not be verified: %s: %s", deployment.name, type(error).__name__, error
            )
    return silent


def _deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """Return the deployments of checks, without paused ones."""
    flow = FlowFilter.model_validate({"name": {"any_": ["monitoring"]}})
    ours = DeploymentFilter.model_validate({"tags": {"all_": [TAG]}})
    deployments: list[DeploymentResponse] = []
    while page := client.read_deployments(
        flow_filter=flow, deployment_filter=ours, limit=PAGE, offset=len(deployments), sort=DeploymentSort.NAME_ASC
    ):
        deployments += page
    return [deployment for deployment in deployments if not deployment.paused]


def _report(client: SyncPrefectClient, ledger: Ledger, deployment: DeploymentResponse, now: datetime) -> bool:
    project = load(Path(str(deployment.parameters["config"])))
    overdue = overdue_notice(_status(client, ledger, deployment, project, now), now)
    if overdue is not None:
        _record(ledger, project, *overdue, now)
    stale = RowAge().look(project, now) if may_be_stale(ledger, project, now) else None
    if stale is not None:
        _record(ledger, project, ROWS_SILENT, stale, now)
    return overdue is not None or stale is not None


def may_be_stale(ledger: Ledger, project: Project, now: datetime) -> bool:
    """Return whether the source is worth a look: not while the rows of the last check are new enough.

    Beyond that a sweep looks as often as the service does, counted from the last look, which is an event.
    """
    silence = project.preflight.max_silence
    if silence is None:
        return False
    check = next(iter(ledger.checks(project.model, most=1)), None)
    if check is not None and check.newest_row is not None and now - check.newest_row < silence.after:
        return False
    last = ledger.events(project.model, most=1, kinds=(LOOKED,))
    if last and now - last[0].now < interval(silence.after):
        return False
    ledger.note(project.model, LOOKED, {"reason": "the newest row of the source was looked up"}, now)
    return True


def _record(ledger: Ledger, project: Project, kind: str, notice: Notice, now: datetime) -> None:
    before = ledger.events(project.model, most=1, kinds=(kind,))
    if not before or before[0].payload.get("key") != notice.key:
        get_run_logger().error("%s: %s", notice.title, notice.body)
        ledger.note(project.model, kind, {"reason": notice.body, "key": notice.key}, now)
    announce.notify(project.notify, [notice], ledger)


def _status(
    client: SyncPrefectClient, ledger: Ledger, deployment: DeploymentResponse, project: Project, now: datetime
) -> ModelStatus:
    checks = ledger.checks(project.model, most=1)
    running = client.read_flow_runs(
        deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [deployment.id]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.RUNNING]}}}),
    )
    starts = [run.start_time for run in running if run.start_time is not None]
    return ModelStatus(
        model=project.model,
        file=str(project.file),
        schedule=project.schedule,
        watched_since=deployment.created or now,
        last=last_of(checks[0]) if checks else None,
        running_since=min(starts, default=None),
    )
