"""What to train on is chosen by probes, on rows that the gate does not see; what served before may serve again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from tests.conftest import Model
from tests.streams import day, stream


def there_and_back() -> pd.DataFrame:
    """The target answers otherwise for two weeks, and then as before."""
    frame = stream(56)
    other = (frame["ts"] >= day(28)) & (frame["ts"] < day(42))
    return frame.assign(y=np.where(other, 60 - frame["y"], frame["y"]))


def candidates(check: Check) -> dict[str, Any]:
    """The nested runs under the training run of a check, by candidate."""
    assert check.retrain is not None
    found = registry.client().search_runs(
        [registry.experiment(check.model)],
        f"tags.`driftloop.kind` = 'candidate' and tags.`mlflow.parentRunId` = '{check.retrain.mlflow_run_id}'",
    )
    return {run.data.tags["driftloop.candidate"]: run for run in found}


def test_more_rows_where_nothing_moves_and_an_old_champion_when_its_time_returns(model: Callable[..., Model]) -> None:
    """A steady past is worth more than the last W alone; a regime that returns brings back the model that knew it."""
    made = model(
        there_and_back(),
        training__window={"choose": "7d"},
        training__holdout="2d",
        policies__triggers=[{"policy": "always"}],
        promotion={"watch": 0},
    )
    first = made.check(day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    assert set(candidates(first)) == {"last_w", "last_2w", "everything", "season"}
    (learned,) = registry.champion(made.name).trained_on
    assert (learned.end - learned.start).days >= 12, "with nothing drifting the last week alone is never the best"
    moved = made.check(day(42))
    assert moved.outcome is Outcome.PROMOTED, moved.reason
    assert "trained on the last 14d: probe loss" in moved.reason, "as long as the other answers have lasted"
    back = made.check(day(49))
    assert back.outcome is Outcome.PROMOTED, back.reason
    assert "version 1 is reused without training: loss" in back.reason
    tried = candidates(back)
    (full,) = {name for name in tried if name.endswith("_in_full")}
    assert set(tried) - {full} == {"last_w", "last_2w", "everything", "season", "version_1"}
    assert {run.info.status for run in tried.values()} == {"FINISHED"}
    training = registry.client().get_run(str(back.retrain.mlflow_run_id))
    losses = {name: training.data.metrics[f"candidate_{name}"] for name in tried}
    assert losses == {name: run.data.metrics["loss"] for name, run in tried.items()}
    assert min(losses, key=lambda name: losses[name]) == "version_1"
    again, once = registry.champion(made.name), registry.versions(made.name)[-1]
    assert (again.number, once.number) == ("3", "1")
    assert again.tags["driftloop.brought_back"] == "1"
    assert again.model_id == once.model_id, "nothing was trained: it is the same stored model"
    assert registry.reference(again) == registry.reference(once)
