"""The sweep: starts a run of the training deployment for every unclaimed request, once per attempt.

Events are delivered at most once; the sweep makes up for lost ones.
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

from driftloop.monitoring.ledger import Held, Kind, Ledger, Request
from driftloop.monitoring.records import Record
from driftloop.pipelines.registry import flow_runs
from driftloop.pipelines.registry.flow_runs import owner_of
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.silence import report_silence

# A started run labels its owner immediately. A run without an owner for longer than this has died.
SILENT = timedelta(minutes=10)
MOST_RUNS = 6


class StartedRun(Record):
    """A flow run started for an unclaimed request."""

    request_id: str
    attempt: int
    flow_run_id: str


@flow(name="driftloop", flow_run_name="sweep")
def sweep(grace_seconds: float = 60) -> list[StartedRun]:
    """Start a training run for every open request that is older than the grace and has neither a worker nor a run.

    Runs of dead processes are closed first. One sweep runs at a time, on all machines: a second one leaves the work to
    the first. Last, silent models are reported.
    """
    started: list[StartedRun] = []
    with (
        flow_runs.own_flow_run(),
        closing(Ledger(home.ledger_url())) as ledger,
        ledger.present(),
        ledger.holding("sweep", waiting=None) as claim,
        get_client(sync_client=True) as client,
    ):
        if isinstance(claim, Held):
            get_run_logger().info("another sweep is running: %s", claim.holder)
            return started
        for ended in dead_runs.end_dead_runs(ledger):
            get_run_logger().warning(
                "%s run %s was closed: its process %s has ended", ended.where, ended.run_id, ended.owner
            )
        for request in ledger.open_requests():
            if _is_unclaimed(ledger, request, timedelta(seconds=grace_seconds)):
                run = _start_run(client, ledger, request)
                started += [run] if run is not None else []
        report_silence(client, ledger, datetime.now(UTC))
    return started


def _is_unclaimed(ledger: Ledger, request: Request, grace: timedelta) -> bool:
    """Return whether a request is unclaimed, and older than the time an event needs to start its run."""
    fresh = datetime.now(UTC) - _requested_at(ledger, request) < grace
    return not fresh and ledger.busy(f"request/{request.request_id}") is None


def _requested_at(ledger: Ledger, request: Request) -> datetime:
    """Return when it was last requested, by the clock."""
    (event,) = ledger.events(request.model, most=1, kinds=(Kind.RETRAIN_REQUESTED,), subject=request.request_id)
    return event.written_at


def _start_run(client: SyncPrefectClient, ledger: Ledger, request: Request) -> StartedRun | None:
    name, request_id = f"training/{request.model}", request.request_id
    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        get_run_logger().info("request %s is skipped: this server has no deployment %s", request_id, name)
        return None
    runs = _runs(client, deployment.id, request_id)
    # Every run is looked at, so that all dead ones are closed.
    if [run for run in runs if _is_active(client, run)]:
        return None
    requested = _requested_at(ledger, request)
    attempts = sum(run.created is None or run.created >= requested for run in runs)
    if attempts >= MOST_RUNS:
        reason = f"{attempts} runs of {name} ended before the training run was finished"
        ledger.fail(request_id, f"{reason}; the last one: {_last_state(runs)}")
        return None
    attempt = len(runs) + 1
    run = run_deployment(
        name,
        parameters={"request_id": request_id},
        idempotency_key=f"{request_id}#{attempt}",
        tags=[flow_runs.request_tag(request_id)],
        timeout=0,
        as_subflow=False,
    )
    assert isinstance(run, FlowRun)
    get_run_logger().info("request %s was unclaimed: started run %s (attempt %d)", request_id, run.name, attempt)
    return StartedRun(request_id=request_id, attempt=attempt, flow_run_id=str(run.id))


def _runs(client: SyncPrefectClient, deployment_id: UUID, request_id: str) -> list[FlowRun]:
    """Return all runs of a training deployment for a request."""
    one = DeploymentFilter.model_validate({"id": {"any_": [deployment_id]}})
    tagged = {"tags": {"all_": [flow_runs.request_tag(request_id)]}}
    waiting = {"state": {"type": {"any_": [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]}}}
    runs: dict[Any, FlowRun] = {}
    # A run started by an event has the tag only once it runs: before that, its parameters name the request.
    for where in (tagged, waiting):
        for run in client.read_flow_runs(deployment_filter=one, flow_run_filter=FlowRunFilter.model_validate(where)):
            if run.parameters.get("request_id") == request_id:
                runs[run.id] = run
    return sorted(runs.values(), key=lambda run: run.expected_start_time or datetime.now(UTC))


def _is_active(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Return whether a run has not ended. A run that died before it had an owner is set to Crashed here."""
    state = run.state
    if state is None or state.is_final():
        return False
    silent = not state.is_scheduled() and owner_of(run) is None
    if not silent or datetime.now(UTC) - state.timestamp < SILENT:
        return True
    client.set_flow_run_state(run.id, Crashed(message="never started to work: its process has ended"), force=True)
    return False


def _last_state(runs: list[FlowRun]) -> str:
    state = runs[-1].state
    return f"{runs[-1].name}, {state.name}: {state.message}" if state else runs[-1].name
