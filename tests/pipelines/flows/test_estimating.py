"""The estimate in the loop: fitted with a champion, reported in every check, voted on while labels are late."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from tests.conftest import Model
from tests.streams import day, stream


def harder_from(at: int) -> pd.DataFrame:
    """Rows of the city rome are uncertain, and from a day on there are mostly such."""
    frame = stream(63, seed=4)
    generator = np.random.default_rng(5)
    later = (frame["ts"] >= day(at)).to_numpy()
    frame["city"] = np.where(later & (generator.random(len(frame)) < 0.8), "rome", frame["city"])
    wild = np.where(frame["city"] == "rome", 12.0, 0.5)
    base = 2 * frame["amount"] + 3 * frame["speed"]
    return frame.assign(y=base + generator.normal(size=len(frame)) * wild)


def test_harder_rows_fire_before_their_labels_are_there(model: Callable[..., Model], tmp_path: Any) -> None:
    """The version keeps its estimator under its own sha256; the check reports the estimate, and its trigger fires."""
    frame = harder_from(56)
    frame.loc[frame["ts"] >= day(56), "y"] = np.nan
    made = model(
        frame,
        columns__label_delay="7d",
        training__params={"n_estimators": 20},
        policies__triggers=[
            {"policy": "estimated_loss"},
            {"policy": "drift_share", "weighted": True, "threshold": 0.99},
        ],
    )
    assert made.check(day(42)).outcome is Outcome.BOOTSTRAPPED
    sealed = registry.manifest(registry.champion(made.name))
    assert {"estimator.json", "estimator.ubj"} <= set(sealed)
    before, struck = made.check(day(56), dry_run=True), made.check(day(63), dry_run=True)
    assert before.estimated is not None
    assert before.estimated.applicable, before.estimated.reason
    assert before.decision == "wait"
    assert struck.estimated is not None
    assert struck.estimated.rise > 1.0  # type: ignore[operator]
    assert struck.decision == "retrain"
    assert "[estimated_loss]" in struck.reason
    assert struck.performance is not None
    assert struck.performance.window.end == day(56), "its labels are those of a week ago"
    weighted = next(vote for vote in struck.votes if vote.policy == "drift_share")
    assert weighted.vote == "hold", "the champion's own importances weigh the features"
    output = json.loads(struck.model_dump_json())["estimated"]
    assert {"loss", "low", "high", "rows", "applicable", "reason", "self_test"} <= set(output)
    page = Path(str(struck.report)).read_text("utf-8")
    assert "Estimated loss, without labels" in page
    assert "Self-test passed: estimated" in page
