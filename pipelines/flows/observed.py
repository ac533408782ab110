"""Checks and training runs as other tools see them: OpenTelemetry and OpenLineage. Off unless requested."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial, reduce
from typing import TypeVar

from driftloop.monitoring.errors import DriftloopError, clipped
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import Check, Retrain
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.monitoring.sources.places import place, scrubber
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import flow_runs
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.telemetry import lineage
from driftloop.pipelines.telemetry.column_lineage import columns_of
from driftloop.pipelines.telemetry.column_metrics import column_metrics
from driftloop.pipelines.telemetry.datasets import DatasetName, inputs, model_of
from driftloop.pipelines.telemetry.lineage import Lineage
from driftloop.pipelines.telemetry.tracing import Values, traced

R = TypeVar("R")
LONGEST_REASON = 1000
SERVERS = ("DRIFTLOOP_LEDGER_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL")


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

    scrub = partial(_scrubbed, config=run.config)
    with traced("check", values, scrub) as annotate, lineage.recorded(start, scrub) as add:

        def ended(result: Check) -> Check:
            annotate(_of_check(result))
            add(lambda known: _with_check(known, result, run.profiles))
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

    scrub = partial(_scrubbed, config=work.config)
    with traced("retrain", values, scrub) as annotate, lineage.recorded(start, scrub) as add:

        def ended(result: Retrain) -> Retrain:
            annotate(_of_retrain(result))
            add(lambda known: _with_retrain(known, result, work))
            return result

        yield ended


def _scrubbed(text: str, config: Project) -> str:
    """Take the secrets of the config's addresses and of the servers' out of the message of an error."""
    scrubs = []
    for source in (config.source, config.labels, config.predictions.source):
        with suppress(DriftloopError):
            scrubs += [place(source, config.folder).scrub] if source is not None else []
    addresses = (os.environ.get(name, "") for name in SERVERS)
    scrubs += [scrubber(address, address) for address in addresses if address]
    return without_passwords(reduce(lambda known, one: one(known), scrubs, text))


def _with_check(known: Lineage, check: Check, profiles: Profiles | None) -> Lineage:
    read = (_model(check.model), check.champion) if check.champion else None
    metrics = column_metrics(profiles) if profiles is not None else {}
    documentation, rows = _text(check), check.window.rows
    return replace(known, rows=rows, columns=check.columns, metrics=metrics, read=read, documentation=documentation)


def _with_retrain(known: Lineage, retrain: Retrain, work: Work) -> Lineage:
    request = work.request
    trained = request.adopt is None and request.switch is None and request.follows is None
    learned = columns_of(work.config) if trained else ()
    written = (_model(known.model), retrain.version) if retrain.version else None
    return replace(known, written=written, learned=learned, documentation=f"{retrain.code}: {retrain.reason}")


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
