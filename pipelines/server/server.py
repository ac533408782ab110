"""Deployment to a Prefect server: compare the desired objects with the existing ones, create or update them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from importlib.metadata import version
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.utilities.callables import parameter_schema

from driftloop.monitoring.errors import ServerMissing
from driftloop.monitoring.records import Record, changed
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server import desired
from driftloop.pipelines.server.desired import TAG, Deployment

What = Literal["work pool", "deployment", "automation"]
State = Literal["created", "updated", "unchanged", "removed"]


class Done(Record):
    """Result for one object on the server."""

    what: What
    name: str
    state: State
    schedule: str | None = None


def deploy(projects: Iterable[Project], pool: str, sweep_every: timedelta) -> tuple[Done, ...]:
    """Create or update the pool, the deployments and the automations of these models. A second call changes nothing.

    Objects that a user has paused or disabled stay so. Other models on the server are not touched.
    """
    done = []
    with connected() as client:
        done.append(_pool(client, pool))
        for project in projects:
            ids = []
            for deployment in (desired.monitoring(project), desired.training(project)):
                deployment_id, result = _deployment(client, deployment, pool)
                ids.append(deployment_id)
                done.append(result)
            done += [_automation(client, automation) for automation in desired.automations(project.model, *ids)]
            approval = desired.promotion(project)
            if approval is not None:
                done.append(_deployment(client, approval, pool)[1])
            else:
                done += _removed(client, f"promotion/{project.model}")
        done.append(_deployment(client, desired.sweep(sweep_every), pool)[1])
    return tuple(done)


@contextmanager
def connected() -> Iterator[SyncPrefectClient]:
    """Return a client of the Prefect server; `ServerMissing` without one."""
    url = PREFECT_API_URL.value()
    if not url:
        raise ServerMissing("PREFECT_API_URL is not set")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.TransportError as error:
        at = without_passwords(url)
        raise ServerMissing(f"the Prefect server at {at} does not answer: {error or type(error).__name__}") from error


def _pool(client: SyncPrefectClient, name: str) -> Done:
    """Create the work pool; an existing pool is used, regardless of its type."""
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        from prefect.workers.process import ProcessWorker

        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        return Done(what="work pool", name=name, state="created")
    return Done(what="work pool", name=name, state="unchanged")


def _deployment(client: SyncPrefectClient, deployment: Deployment, pool: str) -> tuple[UUID, Done]:
    settings, name = _settings(deployment, pool), deployment.whole_name
    try:
        existing = client.read_deployment_by_name(name)
    except ObjectNotFound:
        existing = None
    schedules = [schedule.model_dump(mode="json") for schedule in deployment.schedules]
    clock = ", ".join(_format(schedule) for schedule in schedules) or None
    if existing is not None and _has(existing, settings) and _schedules(existing) == schedules:
        return existing.id, Done(what="deployment", name=name, state="unchanged", schedule=clock)
    deployment_id = client.create_deployment(
        flow_id=client.create_flow_from_name(deployment.flow),
        name=deployment.name,
        schedules=[DeploymentScheduleCreate(schedule=schedule, active=True) for schedule in deployment.schedules],
        **settings,
    )
    state: State = "created" if existing is None else "updated"
    return deployment_id, Done(what="deployment", name=name, state=state, schedule=clock)


def _removed(client: SyncPrefectClient, name: str) -> list[Done]:
    try:
        client.delete_deployment(client.read_deployment_by_name(name).id)
    except ObjectNotFound:
        return []
    return [Done(what="deployment", name=name, state="removed")]


def _settings(deployment: Deployment, pool: str) -> dict[str, Any]:
    """Return the settings of a deployment that driftloop controls, by Prefect's names."""
    module, _, name = deployment.entrypoint.rpartition(".")
    return {
        "entrypoint": deployment.entrypoint,
        "description": deployment.description,
        "parameters": deployment.parameters,
        "version": version("driftloop"),
        "tags": [TAG],
        "work_pool_name": pool,
        # Before anything is imported, as `home.prepare` does it for a command. No URL and no secret is among these.
        "job_variables": {"env": home.QUIET},
        "parameter_openapi_schema": parameter_schema(getattr(import_module(module), name)).model_dump_for_openapi(),
        "enforce_parameter_schema": True,
    }


def _has(existing: DeploymentResponse, settings: dict[str, Any]) -> bool:
    return all(getattr(existing, name) == value for name, value in settings.items())


def _schedules(existing: DeploymentResponse) -> list[dict[str, Any]]:
    return [schedule.schedule.model_dump(mode="json") for schedule in existing.schedules]


def _format(schedule: dict[str, Any]) -> str:
    if "cron" in schedule:
        return f"{schedule['cron']} {schedule['timezone']}"
    return f"every {format_duration(timedelta(seconds=schedule['interval']))}"


def _automation(client: SyncPrefectClient, automation: AutomationCore) -> Done:
    existing = next(iter(client.read_automations_by_name(automation.name)), None)
    if existing is None:
        client.create_automation(automation)
        return Done(what="automation", name=automation.name, state="created")
    ours = {"name", "description", "tags", "trigger", "actions"}
    if existing.model_dump(mode="json", include=ours) == automation.model_dump(mode="json", include=ours):
        return Done(what="automation", name=automation.name, state="unchanged")
    client.update_automation(existing.id, changed(automation, enabled=existing.enabled))
    return Done(what="automation", name=automation.name, state="updated")
