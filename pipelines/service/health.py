"""The answer to `GET /health`: status of every model, as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from driftloop.pipelines.service.roster import Broken
from driftloop.pipelines.service.standing import Standing


def health(
    standings: Iterable[Standing], broken: Iterable[Broken], now: datetime, *, stopping: bool = False
) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body: 503 when a check is silent or hung, 200 otherwise.

    `degraded` names the models that are not well: bad data, a loss worse than the reference, a failed check, no
    champion. That is no 503 either: a restart would not help, and probes restart what answers so.
    A broken model file is reported without a 503, and so is a model of which the state cannot be computed: no restart
    would help either, and the other models are shown all the same.
    """
    broken = list(broken)
    models = [_model_or_error(standing, now) for standing in standings]
    ill = any(model.get("overdue") or model.get("hung") for model in models)
    degraded = [model["model"] for model in models if model.get("not_well") or model.get("error")]
    status = "overdue" if ill else "stopping" if stopping else "degraded" if degraded or broken else "ok"
    files = [{"file": one.file, "why": one.why, "model": one.model} for one in broken]
    body = {"status": status, "now": now.isoformat(), "degraded": degraded, "models": models, "broken": files}
    return (503 if ill else 200), body


def _model_or_error(standing: Standing, now: datetime) -> dict[str, Any]:
    try:
        return _model(standing, now)
    except Exception as error:
        return {"model": standing.model, "file": standing.file, "error": f"{type(error).__name__}: {error}"}


def _model(standing: Standing, now: datetime) -> dict[str, Any]:
    return {
        "model": standing.model,
        "file": standing.file,
        "not_well": standing.last.not_well if standing.last else None,
        "last_check": json.loads(standing.last.model_dump_json()) if standing.last else None,
        "next_run": _iso(standing.next),
        "lag_seconds": round(standing.lag(now).total_seconds(), 3),
        "overdue": standing.silent(now),
        "running_since": _iso(standing.running_since),
        "hung": standing.hung(now),
        "waiting": standing.waits,
        "missed": standing.missed,
        "overrun": standing.overrun,
        "config_error": standing.broken,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
