"""A check has the keys that were promised, and is read back as it was."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from driftloop.monitoring.records import (
    Check,
    CheckWindow,
    ColumnScore,
    Outcome,
    PastSwitch,
    Performance,
    Retrain,
    Vote,
    Window,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


DAY = timedelta(days=1)


def performance(loss: float, reference_loss: float) -> Performance:
    window = Window(start=START, end=START + DAY)
    return Performance(
        loss_name="mae", loss=loss, low=loss, high=loss, rows=9, window=window, reference_loss=reference_loss
    )


def test_the_standing_of_a_check_follows_from_its_loss() -> None:
    """It is a key of the JSON, survives being read back, and cannot contradict the loss next to it."""
    window = CheckWindow(start=START, end=START + DAY, rows=5)
    known = {"model": "m", "check_id": "1", "outcome": "steady", "reason": "r", "window": window, "now": START}
    check = Check(**known, performance=performance(4.0, 2.0))
    assert json.loads(check.model_dump_json())["standing"] == check.standing == "worse"
    assert Check.model_validate_json(check.model_dump_json()) == check
    assert Check.model_validate({**check.model_dump(), "standing": "well"}).standing == "worse"
    assert check.model_copy(update={"performance": None}).standing == "unknown"


def test_a_check_prints_the_keys_that_were_promised() -> None:
    """The JSON of a check has the stable keys, valid JSON even for numbers that are none."""
    check = Check(
        model="m",
        check_id="1",
        outcome=Outcome.STEADY,
        reason="fine",
        window=CheckWindow(start=START, end=START + DAY, rows=5),
        columns=(
            ColumnScore(
                name="a", role="feature", kind="numeric", method="ks", score=0.5, threshold=0.05, drifted=False
            ),
        ),
        votes=(Vote(policy="p", vote="fire", observed=math.inf, threshold=1.0, reason="because"),),
        now=START,
    )
    read = json.loads(check.model_dump_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert {
        "model", "check_id", "outcome", "reason", "window", "columns", "drift_share", "findings", "votes", "decision",
        "retrain", "report", "mlflow_run_id", "prefect_flow_run_id",
    } <= set(read)  # fmt: skip
    assert read["window"] == {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02T00:00:00+00:00", "rows": 5}
    assert {"name", "method", "score", "threshold", "drifted"} <= set(read["columns"][0])
    assert read["votes"][0]["observed"] is None
    assert read["outcome"] == "steady"


def test_the_past_of_a_recalibration_has_its_gain() -> None:
    """Later checks count less staleness by it; its age is that of the training. A rejected one gained nothing."""
    known = {"model": "m", "check_id": "1", "reason": "r", "now": START, "age_batches": 3.0, "champion": "1"}
    window = CheckWindow(start=START, end=START + DAY, rows=5)
    done = {
        "request_id": "r",
        "code": "recalibrated",
        "version": "2",
        "promoted": True,
        "reason": "",
    }
    retrain = Retrain(**done, recalibrates="1", champion_loss=4.0, challenger_loss=2.5)
    check = Check(**known, window=window, outcome=Outcome.RECALIBRATED, retrain=retrain)
    assert check.past.switch == PastSwitch(lead=1.5, age_batches=3.0)
    assert Check(**known, window=window, outcome=Outcome.REJECTED, retrain=retrain).past.switch is None
