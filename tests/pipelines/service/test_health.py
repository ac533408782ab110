"""What `/health` and `/metrics` answer of several models."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.service.health import health
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import Last, ModelStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def standing(model: str, cron: str) -> ModelStatus:
    # Not validated: a state that no config leads to.
    return ModelStatus(model, f"{model}.yaml", Schedule.model_construct(cron=cron), NOW)


def test_the_error_of_one_model_leaves_the_answer_to_the_others() -> None:
    """Its entry is the error; health stays 200, for no restart would help, and metrics have the others' lines."""
    both = [standing("broken", "*/99 * * * *"), standing("good", "0 6 * * *")]
    with pytest.raises(ValueError, match="step value"):
        both[0].silent(NOW)
    status, body = health(both, (), NOW)
    assert (status, body["status"], body["degraded"]) == (200, "degraded", ["broken"])
    assert "step value (99)" in body["models"][0]["error"]
    assert body["models"][1]["overdue"] is False
    result = metrics(both, NOW).decode()
    assert 'driftloop_check_overdue{model="good"} 0.0' in result
    assert 'driftloop_check_running{model="broken"} 0.0' in result
    assert 'driftloop_check_overdue{model="broken"}' not in result


def test_health_is_json_whatever_the_loss() -> None:
    """A loss that is not a number is null: most readers of JSON know no Infinity."""
    last = Last(outcome="steady", reason="", started=NOW, loss=float("inf"), drift_share=float("nan"))
    _, body = health([replace(standing("good", "0 6 * * *"), last=last)], (), NOW)
    assert json.loads(json.dumps(body, allow_nan=False))["models"][0]["last_check"]["loss"] is None
