"""Checks and training runs as other tools see them: OpenTelemetry and OpenLineage. Off unless requested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.records import Check, Retrain
from driftloop.pipelines import registry
from driftloop.pipelines.registry import flow_runs
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.telemetry import lineage
from driftloop.pipelines.telemetry.datasets import DatasetName, inputs, model_of
from driftloop.pipelines.telemetry.lineage import Lineage
from driftloop.pipelines.telemetry.tracing import Values, traced

R = TypeVar("R")
LONGEST_REASON = 1000


@contextmanager
def check(run: CheckRun) -> Iterator[Callable[[Check], Check]]:
    """Observe a check; the value takes its result and returns it unchanged."""
    values: Values = {
        "model": run.config.model,
        "check.id": run.check_id,
        "window.start": run.window.start.isoformat(),
        "window.end": run.window.end.isoformat(),
        "dry_run": run.dry_run,
        "prefect.flow_run.id": run.flow_run_id,
    }

    def start() -> Lineage:
        read = tuple(inputs(run.config))
        return Lineage("check", run.config.model, run.flow_run_id, run.window, read)

    with traced("check", values) as annotate, lineage.recorded(start) as add:

        def ended(result: Check) -> Check:
            annotate(_of_check(result))
            add(lambda known: _with_check(known, result))
            return result

        yield ended


@contextmanager
def retrain(work: Work) -> Iterator[Callable[[Retrain], Retrain]]:
    """Observe a training run; the value takes its result and returns it unchanged."""
    request = work.request
    values: Values = {
        "model": request.model,
        "request.id": request.request_id,
        "window.start": request.window.start.isoformat(),
        "window.end": request.window.end.isoformat(),
        "champion.version": request.champion,
    }

    def start() -> Lineage:
        asked, read = work.ledger.find_request(request.request_id).check, tuple(inputs(work.config))
        parent = asked.prefect_flow_run_id if asked else None
        return Lineage("retrain", request.model, flow_runs.current(), request.window, read, parent=parent)

    with traced("retrain", values) as annotate, lineage.recorded(start) as add:

        def ended(result: Retrain) -> Retrain:
            annotate(_of_retrain(result))
            add(lambda known: _with_retrain(known, result))
            return result

        yield ended


def _with_check(known: Lineage, check: Check) -> Lineage:
    read = (_model(check.model), check.champion) if check.champion else None
    return replace(known, rows=check.window.rows, columns=check.columns, read=read, documentation=_text(check))


def _with_retrain(known: Lineage, retrain: Retrain) -> Lineage:
    written = (_model(known.model), retrain.version) if retrain.version else None
    return replace(known, written=written, documentation=f"{retrain.code}: {retrain.reason}")


def _text(check: Check) -> str:
    return f"{check.outcome.value}: {check.reason}"


def _model(model: str) -> DatasetName:
    return model_of(model, registry.client().tracking_uri)


def _of_check(check: Check) -> Values:
    loss = check.performance
    return {
        "outcome": check.outcome.value,
        "reason": clipped(check.reason, LONGEST_REASON),
        "decision": check.decision,
        "rows": check.window.rows,
        "drift_share": check.drift_share,
        "loss.name": loss.loss_name if loss else None,
        "loss.value": loss.loss if loss else None,
        "loss.reference": loss.reference_loss if loss else None,
        "champion.version": check.champion,
        "champion_after.version": check.champion_after,
        "mlflow.run.id": check.mlflow_run_id,
    }


def _of_retrain(retrain: Retrain) -> Values:
    return {
        "outcome": retrain.code,
        "reason": clipped(retrain.reason, LONGEST_REASON),
        "promoted": retrain.promoted,
        "challenger.version": retrain.version,
        "champion.loss": retrain.champion_loss,
        "challenger.loss": retrain.challenger_loss,
        "mlflow.run.id": retrain.mlflow_run_id,
    }
