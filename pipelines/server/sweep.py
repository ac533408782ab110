"""The sweep: every unclaimed request gets a run of its training deployment, once for each attempt.

An event is delivered at most once; this is why nothing is lost by one that was not.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.monitoring.records import Record
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.registry.evidence import owner_of
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.silence import tell_silence

# A run that has begun says whose it is at once. One that does not for so long has died on its way.
SILENT = timedelta(minutes=10)
MOST_RUNS = 6


class Taken(Record):
    """A request that was taken up: the flow run that was started for it."""

    request_id: str
    attempt: int
    flow_run_id: str


@flow(name="driftloop", flow_run_name="sweep")
def sweep(grace_seconds: float = 60) -> list[Taken]:
    """Start a training for every open request that is older than the grace and has neither a worker nor a run.

    Runs of dead processes are ended first. Two sweeps at once start one run: Prefect knows it by request and attempt.
    Last, every model that is silent is told of.
    """
    taken = []
    with (
        evidence.own_flow_run(),
        closing(Ledger(home.ledger_url())) as ledger,
        ledger.present(),
        get_client(sync_client=True) as client,
    ):
        for ended in dead_runs.end_dead_runs(ledger):
            get_run_logger().warning("%s run %s was ended: %s is gone", ended.where, ended.run_id, ended.owner)
        for request in ledger.open_requests():
            if _left(ledger, request, timedelta(seconds=grace_seconds)):
                found = _take_up(client, ledger, request)
                taken += [found] if found is not None else []
        tell_silence(client, ledger, datetime.now(UTC))
    return taken


def _left(ledger: Ledger, request: Request, grace: timedelta) -> bool:
    """Whether it is unclaimed, long enough after it was asked for that its event has had its time."""
    fresh = datetime.now(UTC) - _asked(ledger, request) < grace
    return not fresh and ledger.busy(f"request/{request.request_id}") is None


def _asked(ledger: Ledger, request: Request) -> datetime:
    """When it was asked for last, by the clock."""
    (event,) = ledger.events(request.model, most=1, kinds=(Kind.RETRAIN_REQUESTED,), subject=request.request_id)
    return event.written_at


def _take_up(client: SyncPrefectClient, ledger: Ledger, request: Request) -> Taken | None:
    name, request_id = f"training/{request.model}", request.request_id
    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        get_run_logger().info("request %s: there is no deployment %s, so it is not ours", request_id, name)
        return None
    runs = _runs(client, deployment.id, request_id)
    going_on = [run for run in runs if _goes_on(client, run)]
    if going_on:
        return None
    asked = _asked(ledger, request)
    tried = sum(run.created is None or run.created >= asked for run in runs)
    if tried >= MOST_RUNS:
        ledger.fail(request_id, f"{tried} runs of {name} ended before it was trained; the last: {_last_word(runs)}")
        return None
    attempt = len(runs) + 1
    run = run_deployment(
        name,
        parameters={"request_id": request_id},
        idempotency_key=f"{request_id}#{attempt}",
        tags=[evidence.request_tag(request_id)],
        timeout=0,
        as_subflow=False,
    )
    assert isinstance(run, FlowRun)
    get_run_logger().info("request %s was taken up by nobody: %s is attempt %d", request_id, run.name, attempt)
    return Taken(request_id=request_id, attempt=attempt, flow_run_id=str(run.id))


def _runs(client: SyncPrefectClient, deployment_id: UUID, request_id: str) -> list[FlowRun]:
    """The runs of a training deployment for a request, whoever started them."""
    one = DeploymentFilter.model_validate({"id": {"any_": [deployment_id]}})
    tagged = {"tags": {"all_": [evidence.request_tag(request_id)]}}
    waiting = {"state": {"type": {"any_": [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]}}}
    found: dict[Any, FlowRun] = {}
    # A run that an event has started carries the tag from its own beginning on: before, its parameters tell.
    for where in (tagged, waiting):
        for run in client.read_flow_runs(deployment_filter=one, flow_run_filter=FlowRunFilter.model_validate(where)):
            if run.parameters.get("request_id") == request_id:
                found[run.id] = run
    return sorted(found.values(), key=lambda run: run.expected_start_time or datetime.now(UTC))


def _goes_on(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether a run has an end before it. One that died before it could say whose it is, is ended here."""
    state = run.state
    if state is None or state.is_final():
        return False
    silent = not state.is_scheduled() and owner_of(run) is None
    if not silent or datetime.now(UTC) - state.timestamp < SILENT:
        return True
    client.set_flow_run_state(run.id, Crashed(message="it never began to work: its process is gone"), force=True)
    return False


def _last_word(runs: list[FlowRun]) -> str:
    state = runs[-1].state
    return f"{runs[-1].name}, {state.name}: {state.message}" if state else runs[-1].name
