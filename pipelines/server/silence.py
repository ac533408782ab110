"""Silence in server mode: a model whose check hangs, or has not run for longer than its schedule allows, is told of."""

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
from driftloop.pipelines.server.wanted import TAG
from driftloop.pipelines.service.standing import Standing, last_of, news_of

# What the API gives at a time.
PAGE = 200


def tell_silence(client: SyncPrefectClient, ledger: Ledger, now: datetime) -> list[str]:
    """Note and notify of every deployed model that is silent, once as long as it stays so; gives their names.

    A deployment that was paused is let alone. What goes wrong with one model is logged and keeps nothing else back.
    """
    silent = []
    for deployment in _deployments(client):
        try:
            silent += [deployment.name] if _told(client, ledger, deployment, now) else []
        except Exception as error:
            get_run_logger().warning(
                "whether %s is silent could not be told: %s: %s", deployment.name, type(error).__name__, error
            )
    return silent


def _deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """The deployments of checks that are not paused."""
    flow = FlowFilter.model_validate({"name": {"any_": ["monitoring"]}})
    ours = DeploymentFilter.model_validate({"tags": {"all_": [TAG]}})
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(
        flow_filter=flow, deployment_filter=ours, limit=PAGE, offset=len(found), sort=DeploymentSort.NAME_ASC
    ):
        found += page
    return [deployment for deployment in found if not deployment.paused]


def _told(client: SyncPrefectClient, ledger: Ledger, deployment: DeploymentResponse, now: datetime) -> bool:
    project = load(Path(str(deployment.parameters["config"])))
    news = news_of(_standing(client, ledger, deployment, project, now), now)
    if news is None:
        return False
    kind, notice = news
    before = ledger.events(project.model, most=1, kinds=(kind,))
    if not before or before[0].payload.get("key") != notice.key:
        get_run_logger().error("%s: %s", notice.title, notice.body)
        ledger.note(project.model, kind, {"reason": notice.body, "key": notice.key}, now)
    announce.notify(project.notify, [notice], ledger)
    return True


def _standing(
    client: SyncPrefectClient, ledger: Ledger, deployment: DeploymentResponse, project: Project, now: datetime
) -> Standing:
    checks = ledger.checks(project.model, most=1)
    under_way = client.read_flow_runs(
        deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [deployment.id]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.RUNNING]}}}),
    )
    begun = [run.start_time for run in under_way if run.start_time is not None]
    return Standing(
        model=project.model,
        file=str(project.file),
        schedule=project.schedule,
        watched_since=deployment.created or now,
        last=last_of(checks[0]) if checks else None,
        running_since=min(begun, default=None),
    )
