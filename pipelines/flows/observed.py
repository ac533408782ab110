"""Checks and training runs as other tools see them: traces of OpenTelemetry. Off unless the environment asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.ledger import Request
from driftloop.monitoring.records import Check, Retrain
from driftloop.pipelines.requests.check_run import CheckRun
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
    with traced("check", values) as annotate:

        def ended(result: Check) -> Check:
            annotate(_of_check(result))
            return result

        yield ended


@contextmanager
def retrain(request: Request) -> Iterator[Callable[[Retrain], Retrain]]:
    """Observe a training run; the value takes its result and returns it unchanged."""
    values: Values = {
        "model": request.model,
        "request.id": request.request_id,
        "window.start": request.window.start.isoformat(),
        "window.end": request.window.end.isoformat(),
        "champion.version": request.champion,
    }
    with traced("retrain", values) as annotate:

        def ended(result: Retrain) -> Retrain:
            annotate(_of_retrain(result))
            return result

        yield ended


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
