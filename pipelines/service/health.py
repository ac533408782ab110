"""The answer to `GET /health`: status of every model, as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from driftloop.pipelines.service.roster import Broken
from driftloop.pipelines.telemetry.model_status import ModelStatus
from driftloop.pipelines.telemetry.ownership import NO_SERVICES, FleetStatus


def health(
    statuses: Iterable[ModelStatus],
    broken: Iterable[Broken],
    now: datetime,
    fleet: FleetStatus = NO_SERVICES,
    *,
    stopping: bool = False,
) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the body: 503 when a check is overdue or hung, 200 otherwise.

    `degraded` names the models with a problem: bad data, no new rows, a loss worse than the reference, a failed check,
    no champion. It is not a 503: probes restart a service that answers 503, and a restart would not help. An invalid
    model file and a model whose status cannot be computed are reported without a 503 for the same reason, and the
    other models are shown anyway. So are models that no service owns, and services that do not fit together.
    """
    broken = list(broken)
    models = [_model_or_error(status, now) for status in statuses]
    unhealthy = any(model.get("overdue") or model.get("hung") for model in models)
    degraded = [model["model"] for model in models if model.get("not_well") or model.get("error")]
    status = (
        "overdue"
        if unhealthy
        else "stopping"
        if stopping
        else "degraded"
        if degraded or broken or fleet.wrong
        else "ok"
    )
    files = [{"file": one.file, "why": one.why, "model": one.model} for one in broken]
    body: dict[str, Any] = {
        "status": status,
        "now": now.isoformat(),
        "degraded": degraded,
        "models": models,
        "broken": files,
    }
    body["services"] = fleet.as_json()
    return (503 if unhealthy else 200), body


def _model_or_error(status: ModelStatus, now: datetime) -> dict[str, Any]:
    try:
        return _model(status, now)
    except Exception as error:
        return {"model": status.model, "file": status.file, "error": f"{type(error).__name__}: {error}"}


def _model(status: ModelStatus, now: datetime) -> dict[str, Any]:
    return {
        "model": status.model,
        "file": status.file,
        "not_well": status.problem,
        "last_check": json.loads(status.last.model_dump_json()) if status.last else None,
        "newest_row": _iso(status.newest_row),
        "stale": status.stale,
        "next_run": _iso(status.next),
        "lag_seconds": round(status.lag(now).total_seconds(), 3),
        "overdue": status.silent(now),
        "running_since": _iso(status.running_since),
        "hung": status.hung(now),
        "waiting": status.waits,
        "missed": status.missed,
        "overrun": status.overrun,
        "config_error": status.broken,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
