"""Bring a Prefect server to what is wanted: compare with what it holds, and create or update what differs."""

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
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server import wanted
from driftloop.pipelines.server.wanted import TAG, Deployment

What = Literal["work pool", "deployment", "automation"]
State = Literal["created", "updated", "unchanged", "removed"]


class Done(Record):
    """What was found or done about one thing on the server."""

    what: What
    name: str
    state: State
    schedule: str | None = None


def deploy(projects: Iterable[Project], pool: str, sweep_every: timedelta) -> tuple[Done, ...]:
    """Create or update the pool, the deployments and the automations of these models. A second time changes nothing.

    What a person has paused or switched off stays so. Other models on the server are left alone.
    """
    done = []
    with _server() as client:
        done.append(_pool(client, pool))
        for project in projects:
            ids = []
            for one in (wanted.monitoring(project), wanted.training(project)):
                made, found = _deployment(client, one, pool)
                ids.append(made)
                done.append(found)
            done += [_automation(client, one) for one in wanted.automations(project.model, *ids)]
            approval = wanted.promotion(project)
            if approval is not None:
                done.append(_deployment(client, approval, pool)[1])
            else:
                done += _removed(client, f"promotion/{project.model}")
        done.append(_deployment(client, wanted.sweep(sweep_every), pool)[1])
    return tuple(done)


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    url = PREFECT_API_URL.value()
    if not url:
        raise ServerMissing("PREFECT_API_URL is not set")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.TransportError as error:
        raise ServerMissing(f"the Prefect server at {url} does not answer: {error or type(error).__name__}") from error


def _pool(client: SyncPrefectClient, name: str) -> Done:
    """A pool that is there is taken as it is, whatever its type."""
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        from prefect.workers.process import ProcessWorker

        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        return Done(what="work pool", name=name, state="created")
    return Done(what="work pool", name=name, state="unchanged")


def _deployment(client: SyncPrefectClient, one: Deployment, pool: str) -> tuple[UUID, Done]:
    told = _told(one, pool)
    try:
        there = client.read_deployment_by_name(one.whole_name)
    except ObjectNotFound:
        there = None
    schedules = [schedule.model_dump(mode="json") for schedule in one.schedules]
    clock = ", ".join(_worded(schedule) for schedule in schedules) or None
    if there is not None and _as_told(there, told) and _schedules(there) == schedules:
        return there.id, Done(what="deployment", name=one.whole_name, state="unchanged", schedule=clock)
    made = client.create_deployment(
        flow_id=client.create_flow_from_name(one.flow),
        name=one.name,
        schedules=[DeploymentScheduleCreate(schedule=schedule, active=True) for schedule in one.schedules],
        **told,
    )
    state: State = "created" if there is None else "updated"
    return made, Done(what="deployment", name=one.whole_name, state=state, schedule=clock)


def _removed(client: SyncPrefectClient, name: str) -> list[Done]:
    try:
        client.delete_deployment(client.read_deployment_by_name(name).id)
    except ObjectNotFound:
        return []
    return [Done(what="deployment", name=name, state="removed")]


def _told(one: Deployment, pool: str) -> dict[str, Any]:
    """Everything of a deployment that is ours to say, by the names that Prefect has for it."""
    module, _, name = one.entrypoint.rpartition(".")
    return {
        "entrypoint": one.entrypoint,
        "description": one.description,
        "parameters": one.parameters,
        "version": version("driftloop"),
        "tags": [TAG],
        "work_pool_name": pool,
        # Before anything is imported, as `home.prepare` does it for a command. No URL and no secret is among these.
        "job_variables": {"env": home.QUIET},
        "parameter_openapi_schema": parameter_schema(getattr(import_module(module), name)).model_dump_for_openapi(),
        "enforce_parameter_schema": True,
    }


def _as_told(there: DeploymentResponse, told: dict[str, Any]) -> bool:
    return all(getattr(there, name) == value for name, value in told.items())


def _schedules(there: DeploymentResponse) -> list[dict[str, Any]]:
    return [one.schedule.model_dump(mode="json") for one in there.schedules]


def _worded(schedule: dict[str, Any]) -> str:
    if "cron" in schedule:
        return f"{schedule['cron']} {schedule['timezone']}"
    return f"every {format_duration(timedelta(seconds=schedule['interval']))}"


def _automation(client: SyncPrefectClient, one: AutomationCore) -> Done:
    there = next(iter(client.read_automations_by_name(one.name)), None)
    if there is None:
        client.create_automation(one)
        return Done(what="automation", name=one.name, state="created")
    ours = {"name", "description", "tags", "trigger", "actions"}
    if there.model_dump(mode="json", include=ours) == one.model_dump(mode="json", include=ours):
        return Done(what="automation", name=one.name, state="unchanged")
    client.update_automation(there.id, changed(one, enabled=there.enabled))
    return Done(what="automation", name=one.name, state="updated")
