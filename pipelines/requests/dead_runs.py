"""Runs that a dead process left RUNNING, in MLflow and in Prefect: ended, with the reason.

Whether an owner is dead is told by its tag (host, pid, start time) and its leases, never by time alone. A run without
such a tag is not ours to end, except on the embedded Prefect server: no other process has runs of our flows there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from driftloop.monitoring.ledger import Ledger, holders
from driftloop.monitoring.records import Record
from driftloop.pipelines import registry
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.registry.evidence import MODEL, OWNER, owner_of
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime.temporary_server import STARTUP_SECONDS

if TYPE_CHECKING:
    from mlflow.entities import Run
    from prefect.client.schemas.filters import FlowFilter
    from prefect.client.schemas.objects import FlowRun

LIVE = ("RUNNING", "PENDING", "CANCELLING")
NOBODY = "its unnamed process"


class Ended(Record):
    """One run that was ended."""

    where: str
    run_id: str
    name: str
    owner: str


def end_dead_runs(ledger: Ledger, model: str | None = None) -> list[Ended]:
    """End what dead processes left RUNNING: in MLflow those of a model, or of all; in Prefect all, and their tasks."""
    ended = end_mlflow_runs(ledger, ledger.dead, model) + end_prefect_runs(ledger.dead) + end_ownerless_runs()
    end_left_tasks()
    return ended


def end_idle_runs(ledger: Ledger, model: str) -> list[Ended]:
    """End the runs of a model that this very process left RUNNING, because MLflow or Prefect was away when they ended.

    For who holds the claim on the model's checks before it has opened an MLflow run: what is RUNNING beside the flow
    run that asks is of an earlier check, unless its request is in work.
    """
    return _end_idle_in_mlflow(ledger, model) + _end_idle_in_prefect(ledger, model)


def _end_idle_in_mlflow(ledger: Ledger, model: str) -> list[Ended]:
    found = registry.client().search_runs([registry.experiment(model)], "attributes.status = 'RUNNING'")
    open_ = {str(run.info.run_id): run for run in found}

    def in_work(run: Run | None) -> bool:
        if run is None:
            return False
        request = run.data.tags.get("driftloop.request_id")
        if request is not None:
            return ledger.busy(f"request/{request}") is not None
        return in_work(open_.get(run.data.tags.get("mlflow.parentRunId", "")))

    idle = {run_id for run_id, run in open_.items() if not in_work(run)}
    return end_mlflow_runs(ledger, _me, model, only=idle)


def _end_idle_in_prefect(ledger: Ledger, model: str) -> list[Ended]:
    from prefect import runtime

    asking = runtime.flow_run.id

    def idle(run: FlowRun) -> bool:
        # A run says which model it works on only when it has the claim on it: one that waits for its turn is not idle.
        if run.labels.get(MODEL) != model or str(run.id) == asking:
            return False
        request = run.parameters.get("request_id")
        return request is None or ledger.busy(f"request/{request}") is None

    return end_prefect_runs(_me, only=idle)


def end_own_runs(ledger: Ledger) -> list[Ended]:
    """End what this very process has RUNNING, as the last thing that it does."""
    ended = end_mlflow_runs(ledger, _me) + end_prefect_runs(_me)
    end_left_tasks()
    return ended


def end_mlflow_runs(
    ledger: Ledger, dead: Callable[[str], bool], model: str | None = None, *, only: Collection[str] | None = None
) -> list[Ended]:
    """End the runs of dead owners, or of them only those that are named.

    A training whose end stands in the ledger is finished as it ended; all others have failed.
    """
    client, ended = registry.client(), []
    found = [client.get_experiment_by_name(model)] if model is not None else client.search_experiments()
    experiments = [one.experiment_id for one in found if one is not None]
    running = client.search_runs(experiments, "attributes.status = 'RUNNING'", max_results=1000) if experiments else []
    for run in running:
        tags, run_id = run.data.tags, str(run.info.run_id)
        owner = tags.get(OWNER)
        if owner is None or not dead(owner) or (only is not None and run_id not in only):
            continue
        done = ledger.result(tags.get("driftloop.request_id", ""))
        if done is not None and done.mlflow_run_id == run_id:
            evidence.tag_training(run_id, done)
            evidence.close_run(run_id)
        else:
            evidence.close_run(run_id, failed=_died(owner))
        ended.append(Ended(where="mlflow", run_id=run_id, name=str(run.info.run_name), owner=owner))
    return ended


def end_prefect_runs(dead: Callable[[str], bool], *, only: Callable[[FlowRun], bool] | None = None) -> list[Ended]:
    """Flow runs of dead owners, or of them only those, become Crashed."""

    def of_dead_owner(run: FlowRun) -> str | None:
        owner = owner_of(run)
        return owner if owner and dead(owner) and (only is None or only(run)) else None

    return _end_flow_runs(of_dead_owner)


def end_ownerless_runs() -> list[Ended]:
    """Flow runs without an owner on the embedded server, made longer ago than any start takes, become Crashed.

    Their process died before its owner was written down. On a server that others share they are left alone, and so are
    runs of deployments: their worker has not begun.
    """
    if os.environ.get("PREFECT_API_URL"):
        return []
    latest = datetime.now(UTC) - timedelta(seconds=STARTUP_SECONDS)

    def left(run: FlowRun) -> str | None:
        made = run.created is not None and run.created < latest
        return NOBODY if made and run.deployment_id is None and owner_of(run) is None else None

    return _end_flow_runs(left)


def _end_flow_runs(owner_to_end: Callable[[FlowRun], str | None]) -> list[Ended]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.states import Crashed

    ended = []
    with get_client(sync_client=True) as client:
        live = FlowRunFilter.model_validate({"state": {"type": {"any_": LIVE}}})
        for run in client.read_flow_runs(flow_filter=_our_flows(), flow_run_filter=live):
            owner = owner_to_end(run)
            if owner is not None:
                client.set_flow_run_state(run.id, Crashed(message=_died(owner)), force=True)
                ended.append(Ended(where="prefect", run_id=str(run.id), name=run.name, owner=owner))
    return ended


def end_left_tasks() -> None:
    """Tasks of flow runs that crashed become Crashed too, now or later: Prefect may write down late what it is told."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        for task in client.read_task_runs(
            flow_filter=_our_flows(),
            flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["CRASHED"]}}}),
            task_run_filter=TaskRunFilter.model_validate({"state": {"type": {"any_": LIVE}}}),
        ):
            client.set_task_run_state(task.id, Crashed(message="its flow run has crashed"), force=True)


def _our_flows() -> FlowFilter:
    from prefect.client.schemas.filters import FlowFilter

    return FlowFilter.model_validate({"name": {"any_": ["monitoring", "training", "driftloop"]}})


def end_attempts(work: Work, kept: str | None) -> None:
    """End the MLflow runs of former attempts at a request: who holds its claim knows that they are dead or too late."""
    client, request = registry.client(), work.request
    query = f"attributes.status = 'RUNNING' and tags.`driftloop.request_id` = '{request.request_id}'"
    for run in client.search_runs([registry.experiment(request.model)], query):
        if run.info.run_id != kept:
            evidence.close_run(run.info.run_id, failed=_died(run.data.tags.get(OWNER, "its process")))


def _me(owner: str) -> bool:
    return owner == holders.me()


def _died(owner: str) -> str:
    if owner == NOBODY:
        return "the process that ran this ended before it could name itself"
    if _me(owner):
        return f"this broke off: its process ({owner}) works on it no more"
    return f"the process that ran this ({owner}) ended before its work did"
