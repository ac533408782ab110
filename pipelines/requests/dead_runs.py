"""Closing of orphaned runs, which a dead process left RUNNING in MLflow or Prefect.

An owner is dead by its tag (host, pid, start time) and its leases, never by time alone. A run without such a tag is
not ours to end, except on the embedded Prefect server: no other process has runs of our flows there.
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
from driftloop.pipelines.registry.flow_runs import MODEL, OWNER, owner_of
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime.temporary_server import STARTUP_SECONDS

if TYPE_CHECKING:
    from mlflow.entities import Run
    from prefect.client.schemas.filters import FlowFilter
    from prefect.client.schemas.objects import FlowRun

LIVE = ("RUNNING", "PENDING", "CANCELLING")
UNNAMED = "its unnamed process"


class EndedRun(Record):
    """An orphaned run that was closed."""

    where: str
    run_id: str
    name: str
    owner: str


def end_dead_runs(ledger: Ledger, model: str | None = None) -> list[EndedRun]:
    """End orphaned runs: in MLflow of one model, or of all; in Prefect all of them, with their tasks."""
    ended = end_mlflow_runs(ledger, ledger.dead, model) + end_prefect_runs(ledger.dead) + end_ownerless_runs()
    end_left_tasks()
    return ended


def end_idle_runs(ledger: Ledger, model: str) -> list[EndedRun]:
    """End the runs of a model that this process left RUNNING because MLflow or Prefect was unavailable.

    The caller holds the claim on the model's checks and has not opened an MLflow run yet: except for the calling flow
    run, all that is RUNNING belongs to earlier checks, unless its request is in progress.
    """
    return _end_idle_in_mlflow(ledger, model) + _end_idle_in_prefect(ledger, model)


def _end_idle_in_mlflow(ledger: Ledger, model: str) -> list[EndedRun]:
    running = registry.client().search_runs([registry.experiment(model)], "attributes.status = 'RUNNING'")
    open_ = {str(run.info.run_id): run for run in running}

    def in_work(run: Run | None) -> bool:
        if run is None:
            return False
        request = run.data.tags.get("driftloop.request_id")
        if request is not None:
            return ledger.busy(f"request/{request}") is not None
        return in_work(open_.get(run.data.tags.get("mlflow.parentRunId", "")))

    idle = {run_id for run_id, run in open_.items() if not in_work(run)}
    return end_mlflow_runs(ledger, _is_own, model, only=idle)


def _end_idle_in_prefect(ledger: Ledger, model: str) -> list[EndedRun]:
    from prefect import runtime

    asking = runtime.flow_run.id

    def idle(run: FlowRun) -> bool:
        # A run has its model's label only while it holds the claim: a run that waits for the claim is not idle.
        if run.labels.get(MODEL) != model or str(run.id) == asking:
            return False
        request = run.parameters.get("request_id")
        return request is None or ledger.busy(f"request/{request}") is None

    return end_prefect_runs(_is_own, only=idle)


def end_own_runs(ledger: Ledger) -> list[EndedRun]:
    """End all runs of this process, just before it exits."""
    ended = end_mlflow_runs(ledger, _is_own) + end_prefect_runs(_is_own)
    end_left_tasks()
    return ended


def end_mlflow_runs(
    ledger: Ledger, dead: Callable[[str], bool], model: str | None = None, *, only: Collection[str] | None = None
) -> list[EndedRun]:
    """End the runs of dead owners, or of these only the runs in `only`.

    A training run whose result is in the ledger gets that result; all others have failed.
    """
    client, ended = registry.client(), []
    experiments = [client.get_experiment_by_name(model)] if model is not None else client.search_experiments()
    ids = [experiment.experiment_id for experiment in experiments if experiment is not None]
    running = client.search_runs(ids, "attributes.status = 'RUNNING'", max_results=1000) if ids else []
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
        ended.append(EndedRun(where="mlflow", run_id=run_id, name=str(run.info.run_name), owner=owner))
    return ended


def end_prefect_runs(dead: Callable[[str], bool], *, only: Callable[[FlowRun], bool] | None = None) -> list[EndedRun]:
    """Set the flow runs of dead owners, or of these only the runs for which `only` holds, to Crashed."""

    def of_dead_owner(run: FlowRun) -> str | None:
        owner = owner_of(run)
        return owner if owner and dead(owner) and (only is None or only(run)) else None

    return _end_flow_runs(of_dead_owner)


def end_ownerless_runs() -> list[EndedRun]:
    """Set flow runs without an owner on the embedded server, older than any start takes, to Crashed.

    Their process died before it recorded itself as owner. Runs on a shared server, and runs of deployments whose
    worker has not started, are not touched.
    """
    if os.environ.get("PREFECT_API_URL"):
        return []
    latest = datetime.now(UTC) - timedelta(seconds=STARTUP_SECONDS)

    def is_orphaned(run: FlowRun) -> str | None:
        old = run.created is not None and run.created < latest
        return UNNAMED if old and run.deployment_id is None and owner_of(run) is None else None

    return _end_flow_runs(is_orphaned)


def _end_flow_runs(owner_to_end: Callable[[FlowRun], str | None]) -> list[EndedRun]:
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
                ended.append(EndedRun(where="prefect", run_id=str(run.id), name=run.name, owner=owner))
    return ended


def end_left_tasks() -> None:
    """Set the tasks of crashed flow runs to Crashed too, now or in a later call: Prefect may record them late."""
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

    return FlowFilter.model_validate({"name": {"any_": ["monitoring", "training", "history", "driftloop"]}})


def end_attempts(work: Work, kept: str | None) -> None:
    """End the MLflow runs of earlier attempts at a request, except `kept`; the caller holds the request's claim."""
    client, request = registry.client(), work.request
    query = f"attributes.status = 'RUNNING' and tags.`driftloop.request_id` = '{request.request_id}'"
    for run in client.search_runs([registry.experiment(request.model)], query):
        if run.info.run_id != kept:
            evidence.close_run(run.info.run_id, failed=_died(run.data.tags.get(OWNER, "its process")))


def _is_own(owner: str) -> bool:
    return owner == holders.me()


def _died(owner: str) -> str:
    if owner == UNNAMED:
        return "the process of this run ended before it was recorded as its owner"
    if _is_own(owner):
        return f"interrupted: its process ({owner}) no longer works on it"
    return f"interrupted: its process ({owner}) ended before the run was finished"
