"""Records of a check in MLflow and Prefect: a run with all numbers, an artifact with the verdict."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.ledger import holders
from driftloop.monitoring.records import Check, Outcome, Retrain
from driftloop.pipelines import registry

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

OWNER, MODEL = "driftloop.owner", "driftloop.model"


def open_run(
    model: str, name: str, *, tags: Mapping[str, str], parent: str | None = None, started: float | None = None
) -> str:
    """Start an MLflow run by the client, bound to no thread, and return its id. Its owner is this process."""
    tags = {**tags, OWNER: holders.me()}
    if parent is not None:
        tags = {**tags, "mlflow.parentRunId": parent}
    begun = int((started or time.time()) * 1000)
    run = registry.client().create_run(registry.experiment(model), start_time=begun, tags=dict(tags), run_name=name)
    return str(run.info.run_id)


def close_run(run_id: str, *, failed: str | None = None) -> None:
    """End a run; a failed run keeps the reason, and a model that it was storing is marked as failed too."""
    if failed is not None:
        registry.fail_unfinished_models(run_id)
        registry.client().set_tag(run_id, "driftloop.error", clipped(failed, 5000))
    registry.client().set_terminated(run_id, "FAILED" if failed is not None else "FINISHED")


def log_numbers(run_id: str, metrics: Mapping[str, float], params: Mapping[str, Any] | None = None) -> None:
    """Log metrics and parameters in as few calls as MLflow allows; names that it refuses are respelled."""
    from mlflow.entities import Metric, Param

    stamp = int(time.time() * 1000)
    numbers = [Metric(key, float(value), stamp, 0) for key, value in metrics.items()]
    texts = [Param(_name(key), clipped(str(value), 6000)) for key, value in (params or {}).items()]
    while numbers or texts:
        registry.client().log_batch(run_id, metrics=numbers[:900], params=texts[:100])
        numbers, texts = numbers[900:], texts[100:]


def log_check(run_id: str, check: Check, report: Path | None) -> None:
    """Log all numbers, the JSON and the report of a check to its run."""
    metrics = {f"drift/{_name(score.name)}": score.score for score in check.columns}
    metrics["rows"] = float(check.window.rows)
    if check.drift_share is not None:
        metrics["drift_share"] = check.drift_share
    if check.performance is not None:
        metrics |= {"loss": check.performance.loss, "reference_loss": check.performance.reference_loss}
    for one in check.metrics:
        if one.value is not None:
            metrics[f"metric/{_name(one.metric)}"] = one.value
        if one.reference is not None:
            metrics[f"metric_reference/{_name(one.metric)}"] = one.reference
    for each in check.slices:
        name = _name(each.name)
        losses = {f"slice_loss/{name}": each.loss, f"slice_reference_loss/{name}": each.reference_loss}
        metrics |= {key: loss for key, loss in losses.items() if loss is not None and math.isfinite(loss)}
        metrics |= {f"slice_metric/{name}/{_name(m.metric)}": m.value for m in each.metrics if m.value is not None}
    metrics |= {f"fairness_gap/{_name(one.by)}/{one.rate}": one.gap for one in check.fairness if one.gap is not None}
    metrics |= {f"slice_drift/{_name(each.name)}": each.score for each in check.slice_drift}
    if check.estimated is not None and check.estimated.loss is not None:
        metrics["estimated_loss"] = check.estimated.loss
    if check.probe is not None:
        metrics["probe_gap"] = check.probe.gap
    if check.labels is not None:
        labels = {
            "label_coverage": check.labels.coverage,
            "label_delay_median_days": check.labels.delay_median_days,
            "label_delay_p95_days": check.labels.delay_p95_days,
        }
        metrics |= {name: value for name, value in labels.items() if value is not None}
    log_numbers(run_id, metrics)
    client = registry.client()
    client.log_text(run_id, check.model_dump_json(indent=1), "check.json")
    if report is not None:
        client.log_artifact(run_id, str(report))


def renew_report(check: Check) -> str | None:
    """Write the final outcome of a check into its report, on disk and in its MLflow run; return what went wrong.

    If the report is on another machine, only MLflow's copy is updated.
    """
    if check.report is None or check.mlflow_run_id is None:
        return None
    from driftloop.monitoring.report import renew_report as renew

    path, client = Path(check.report), registry.client()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if not path.is_file():
                path = Path(client.download_artifacts(check.mlflow_run_id, path.name, scratch))
            if not renew(path, check):
                return f"the report {path.name} was changed since it was written: it still shows the outcome `retrain`"
            client.log_artifact(check.mlflow_run_id, str(path))
    except Exception as error:
        return f"the report {path.name} could not be updated with the final outcome: {type(error).__name__}"
    return None


def tag_check(run_id: str, check: Check) -> None:
    """Set the searchable tags of a check: window, champion, outcome."""
    from mlflow.entities import RunTag

    tags = {
        "driftloop.check_id": check.check_id,
        "driftloop.model": check.model,
        "driftloop.champion": check.champion or "",
        "driftloop.scored_by": check.scored_by or "",
        "driftloop.window_start": check.window.start.isoformat(),
        "driftloop.window_end": check.window.end.isoformat(),
        "driftloop.outcome": check.outcome.value,
        "driftloop.decision": check.decision or "",
        "driftloop.reason": clipped(check.reason, 5000),
        "prefect.flow_run_id": check.prefect_flow_run_id or "",
    }
    registry.client().log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    if check.retrain is not None:
        # Also written before the retrain, whose result it now includes.
        registry.client().log_text(run_id, check.model_dump_json(indent=1), "check.json")


def tag_training(run_id: str, retrain: Retrain) -> None:
    """Set the searchable tags of a training run: outcome, code, reason."""
    from mlflow.entities import RunTag

    tags = {
        "driftloop.outcome": _outcome(retrain),
        "driftloop.code": retrain.code,
        "driftloop.reason": clipped(retrain.reason, 5000),
    }
    registry.client().log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])


def _outcome(retrain: Retrain) -> str:
    if not retrain.promoted:
        return "rejected"
    switched = retrain.code == Outcome.SWITCHED_BACK
    return (Outcome.SWITCHED_BACK if switched else Outcome.PROMOTED).value


def log_to_prefect(check: Check) -> None:
    """Create a markdown artifact with the verdict, and label the flow run with the MLflow run's id."""
    from prefect.artifacts import create_markdown_artifact

    key = "".join(c if c.isascii() and c.isalnum() else "-" for c in check.model.lower())
    create_markdown_artifact(
        key=f"verdict-{key}", markdown=verdict_markdown(check), description=clipped(check.reason, 200)
    )
    if check.prefect_flow_run_id and check.mlflow_run_id:
        _label(
            check.prefect_flow_run_id,
            {"mlflow.run_id": check.mlflow_run_id, "driftloop.outcome": check.outcome.value},
        )


def owner_tag() -> str:
    """Return the tag of each flow run that this process creates; the run has it from its creation on."""
    return f"{OWNER}:{holders.me()}"


def owner_of(run: FlowRun) -> str | None:
    """Return the process that runs a flow, from its label or from the tag it was created with."""
    tagged = next((tag.removeprefix(f"{OWNER}:") for tag in run.tags if tag.startswith(f"{OWNER}:")), None)
    return str(run.labels[OWNER]) if run.labels.get(OWNER) else tagged


@contextmanager
def owned() -> Iterator[None]:
    """Let the flow runs that are created in the block carry their owner from the request that creates them."""
    from prefect import tags

    with tags(owner_tag()):
        yield


@contextmanager
def own_flow_run() -> Iterator[None]:
    """Let this process be the owner of the current flow run, so that it can be ended if the process dies.

    A run that a server has created has no tag of ours and gets a label. Tasks have no tags: Prefect would ask its
    server for a limit of each tag before each task.
    """
    from prefect import runtime
    from prefect.context import TagsContext

    if owner_tag() not in runtime.flow_run.tags:
        _label(str(runtime.flow_run.id), {OWNER: holders.me()})
    with TagsContext(current_tags=set()):
        yield


def works_on(model: str) -> None:
    """Label the current flow run with its model, once it holds the claim on it."""
    from prefect import runtime

    _label(str(runtime.flow_run.id), {MODEL: model})


def tag_request(request_id: str, asked_by: str | None = None) -> None:
    """Tag the current flow run with its request, so that Prefect finds check and training run by it.

    `asked_by` is the flow run of the check that created the request.
    """
    from prefect import runtime
    from prefect.client.orchestration import get_client

    flow_run_id = str(runtime.flow_run.id)
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(flow_run_id), tags={*runtime.flow_run.tags, request_tag(request_id)})
    _label(flow_run_id, {"driftloop.request_id": request_id} | ({"driftloop.asked_by": asked_by} if asked_by else {}))


def request_tag(request_id: str) -> str:
    """The tag of every flow run about a request.

    >>> request_tag("5f0c")
    'request:5f0c'
    """
    return f"request:{request_id}"


def _label(flow_run_id: str, labels: Mapping[str, bool | int | float | str]) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(UUID(flow_run_id), dict(labels))


def verdict_markdown(check: Check) -> str:
    """Return the verdict as Prefect shows it: outcome, reason, votes, link to the report."""
    lines = [f"# {check.model}: {check.outcome.value}", "", _cell(check.reason), ""]
    lines += [
        f"- window {check.window.start:%Y-%m-%d %H:%M} to {check.window.end:%Y-%m-%d %H:%M}, {check.window.rows:,} rows"
    ]
    lines += [f"- champion: version {check.champion}" if check.champion else "- no champion"]
    lines += [f"- MLflow run: `{check.mlflow_run_id}`"] if check.mlflow_run_id else []
    lines += [f"- [report]({Path(check.report).as_uri()})"] if check.report else []
    if check.votes:
        lines += ["", "| policy | vote | observed | threshold | why |", "|---|---|---|---|---|"]
        lines += [
            f"| {v.policy} | {v.vote} | {_number(v.observed)} | {_number(v.threshold)} | {_cell(v.reason)} |"
            for v in check.votes
        ]
    if check.findings:
        lines += ["", "| finding | severity | column | message |", "|---|---|---|---|"]
        lines += [f"| {f.code} | {f.severity} | {_cell(f.column or '')} | {_cell(f.message)} |" for f in check.findings]
    return "\n".join(lines)


def as_json(value: Any) -> str:
    """Return any record as JSON; types that JSON lacks become text."""
    return json.dumps(value, default=lambda v: v.isoformat() if isinstance(v, datetime) else str(v))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _cell(text: str) -> str:
    r"""Escape text from the data, so that it cannot end a table cell or create a link, image or tag.

    >>> print(_cell("a|b <img>\n[x](y)"))
    a\|b &lt;img&gt; \[x\](y)
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`\[\]])", r"\\\1", plain)


def _name(key: str) -> str:
    """Return a name of a column or parameter that MLflow accepts; a respelled name gets a hash to stay distinct.

    >>> _name("fare"), _name("größe [m2]"), _name("..")
    ('fare', 'gr__e _m2__0f2d56', '___5ec1f7')
    """
    plain = re.sub(r"[^A-Za-z0-9_\-. ]", "_", key)[:200]
    if not plain.strip(". "):
        plain = "_" * len(plain)
    return plain if plain == key else f"{plain}_{hashlib.sha256(key.encode()).hexdigest()[:6]}"
