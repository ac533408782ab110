"""Records of a check or retrain in MLflow: a run with all numbers, searchable tags, a description, the report."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.ledger import holders
from driftloop.monitoring.records import UNTRAINED, Check, Outcome, Retrain
from driftloop.pipelines import registry
from driftloop.pipelines.registry.flow_runs import OWNER, ended_at
from driftloop.pipelines.registry.verdict import verdict_markdown

REPORT = "report.html"


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


def log_numbers(
    run_id: str,
    metrics: Mapping[str, float],
    params: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
    model_id: str | None = None,
) -> None:
    """Log metrics and parameters in as few calls as MLflow allows; names that it refuses are respelled.

    `at` is the time of the metrics, and its seconds since 1970 their step; by default they are logged now, as step 0.
    With `model_id` they are metrics of that model as well.
    """
    from mlflow.entities import Metric, Param

    stamp, step = (int(time.time() * 1000), 0) if at is None else (int(at.timestamp() * 1000), int(at.timestamp()))
    numbers = [Metric(key, float(value), stamp, step, model_id=model_id) for key, value in metrics.items()]
    texts = [Param(_name(key), clipped(str(value), 6000)) for key, value in (params or {}).items()]
    while numbers or texts:
        registry.client().log_batch(run_id, metrics=numbers[:900], params=texts[:100])
        numbers, texts = numbers[900:], texts[100:]


def log_check(run_id: str, check: Check, report: Path | None, *, model_id: str | None = None) -> None:
    """Log all numbers, the JSON and the report of a check to its run.

    With the `model_id` of the champion they are its numbers too: MLflow draws each over the windows, by the time of
    their ends.
    """
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
    metrics |= check.causes.figures if check.causes else {}
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
    params = {"window": ended_at(check.window), "champion": check.champion or "", "scored_by": check.scored_by}
    known = {name: value for name, value in params.items() if value is not None}
    log_numbers(run_id, metrics, known, at=check.window.end, model_id=model_id)
    registry.client().log_text(run_id, check.model_dump_json(indent=1), "check.json")
    if report is not None:
        log_report(run_id, report)


def log_report(run_id: str, report: Path) -> None:
    """Log the page of a check under a name that is the same for each of them; the copy needs no other file."""
    from driftloop.monitoring.report.shared_script import whole

    registry.client().log_text(run_id, whole(report.read_text("utf-8"), report), REPORT)


def renew_report(check: Check) -> str | None:
    """Write the final outcome of a check into its report, on disk and in its MLflow run; return what went wrong.

    If the report is on another machine, only MLflow's copy is updated.
    """
    if check.report is None or check.mlflow_run_id is None:
        return None
    from driftloop.monitoring.report import renew_report as renew

    path, client = Path(check.report), registry.client()
    name = path.name
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if not path.is_file():
                path = Path(client.download_artifacts(check.mlflow_run_id, REPORT, scratch))
            if not renew(path, check):
                return f"the report {name} was changed since it was written: it still shows the outcome `retrain`"
            log_report(check.mlflow_run_id, path)
    except Exception as error:
        return f"the report {name} could not be updated with the final outcome: {type(error).__name__}"
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
        **({f"driftloop.{key}": word for key, word in check.causes.words.items()} if check.causes else {}),
        "driftloop.reason": clipped(check.reason, 5000),
        "prefect.flow_run_id": check.prefect_flow_run_id or "",
        "mlflow.note.content": clipped(verdict_markdown(check), 5000),
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
        "mlflow.note.content": clipped(f"{_outcome(retrain)}: {retrain.reason}", 5000),
    }
    registry.client().log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])


def _outcome(retrain: Retrain) -> str:
    if not retrain.promoted:
        return "shadowing" if retrain.code == Outcome.SHADOWING else "rejected"
    return retrain.code if retrain.code in UNTRAINED else Outcome.PROMOTED.value


def as_json(value: Any) -> str:
    """Return any record as JSON; types that JSON lacks become text."""
    return json.dumps(value, default=lambda v: v.isoformat() if isinstance(v, datetime) else str(v))


def _name(key: str) -> str:
    """Return a name of a column or parameter that MLflow accepts; a respelled name gets a hash to stay distinct.

    >>> _name("fare"), _name("größe [m2]"), _name("..")
    ('fare', 'gr__e _m2__0f2d56', '___5ec1f7')
    """
    plain = re.sub(r"[^A-Za-z0-9_\-. ]", "_", key)[:200]
    if not plain.strip(". "):
        plain = "_" * len(plain)
    return plain if plain == key else f"{plain}_{hashlib.sha256(key.encode()).hexdigest()[:6]}"
