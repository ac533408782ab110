"""A champion whose predictions are off by a function of themselves is recalibrated; any other is trained again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.registry import pending, promotion
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]


def moving(task: str, levels: dict[int, float], relation_at: float = 99) -> pd.DataFrame:
    """Rows whose answer is higher by a level from each of these days on; later on one feature acts the other way."""
    frame = stream(63, a_day=240)
    answer = frame["y"].to_numpy()
    for at, level in levels.items():
        answer = answer + level * (frame["ts"] >= day(at)).to_numpy()
    answer = answer - 6 * (frame["ts"] >= day(relation_at)).to_numpy() * frame["speed"].to_numpy()
    classes: dict[str, Any] = {
        "binary": np.where(answer > 21, "yes", "no"),
        "multiclass": np.select([answer < 18, answer < 25], ["low", "middle"], "high"),
    }
    return frame.assign(y=classes.get(task, answer))


def trained(model: Make, frame: pd.DataFrame, task: str, trigger: str, **more: Any) -> Model:
    """A model whose first version was trained up to day 28, with prices of a retrain and a recalibration."""
    trigger_of = {"policy": trigger, "cost": {"retrain": 2.0 if task == "regression" else 0.3, "recalibrate": 0.01}}
    spans = {"training__window": "14d", "training__holdout": "4d", "training__params": {"n_estimators": 40}}
    made = model(frame, task=task, policies__triggers=[trigger_of], **{**spans, **more})
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    return made


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_level_is_recalibrated_and_a_new_relation_is_learned(model: Make, task: str) -> None:
    """A retrain is due twice: the first one is replaced by a recalibration, before the second one it is refused."""
    level = 8.0 if task == "regression" else 3.0
    made = trained(model, moving(task, {28: level}, relation_at=42), task, "cara")
    first = made.check(day(35))
    assert (first.outcome, first.decision) == (Outcome.RECALIBRATED, "retrain"), first.reason
    assert first.retrain is not None
    assert (first.champion, first.champion_after, first.retrain.recalibrates) == ("1", "2", "1")
    second = made.check(day(56))
    assert (second.outcome, second.champion, second.champion_after) == (Outcome.PROMOTED, "2", "3"), second.reason
    assert "no recalibration of version 2: " in second.reason
    assert "is needed to be worth as much as a retrain (cost.recalibrate)" in second.reason
    assert second.retrain is not None
    assert second.retrain.recalibrates is None
    with closing(Ledger(home.ledger_url())) as ledger:
        history = ledger.history(made.name, day(60))
    assert [retrain.now for retrain in history.retrains] == [day(56)], "a recalibration is no retrain"


def test_a_recommended_recalibration_replaces_the_one_before(model: Make) -> None:
    """No retrain is due, yet the causes recommend it: twice, on the model of version 1 both times."""
    made = trained(model, moving("regression", {28: 8.0, 42: -5.0}), "regression", "recoverable_loss")
    dry = made.check(day(35), dry_run=True)
    assert (dry.outcome, made.champion()) == (Outcome.STEADY, "1"), dry.reason
    first = made.check(day(35))
    assert (first.outcome, first.decision, first.champion_after) == (Outcome.RECALIBRATED, "wait", "2"), first.reason
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED
    quiet = made.check(day(42))
    assert (quiet.outcome, quiet.champion, quiet.standing) == (Outcome.STEADY, "2", "well"), quiet.reason
    assert quiet.age_batches == pytest.approx(2.0, abs=0.01), "a recalibration does not make it younger"
    assert quiet.archive is not None
    assert [score.version for score in quiet.archive.scores] == ["2", "1"]
    last = made.check(day(49))
    assert (last.outcome, last.champion_after) == (Outcome.RECALIBRATED, "3"), last.reason
    assert last.retrain is not None
    assert last.retrain.recalibrates == "1"
    one, two, three = (next(each for each in registry.versions(made.name) if each.number == number) for number in "123")
    files = [registry.model_files(each) for each in (one, two, three)]
    assert files[0]["model.ubj"] == files[1]["model.ubj"] == files[2]["model.ubj"]
    stored = json.loads(files[2]["scorer.json"])["recalibration"]
    assert (stored["version"], three.recalibrates, three.newest_row) == ("1", "1", one.newest_row)
    assert registry.checked(three, "scorer.json") == files[2]["scorer.json"], "it is in the manifest"
    rows = moving("regression", {}).head(50)
    plain, moved = registry.scorer(one).predict(rows), registry.scorer(three).predict(rows)
    assert np.allclose(moved, stored["slope"] * plain + stored["intercept"])
    assert made.champion() == "3"
    assert np.allclose(predictions(made, rows), moved)
    with closing(Ledger(home.ledger_url())) as ledger:
        history = ledger.history(made.name, day(60))
        kinds = [event.kind for event in ledger.events(made.name, kinds=promotion.MOVES)]
    assert kinds == [Kind.RECALIBRATED, Kind.RECALIBRATED, Kind.PROMOTED]
    assert history.retrains == ()
    assert [check.switch is not None for check in history.checks] == [False, True, False, True]
    run = registry.client().get_run(str(last.retrain.mlflow_run_id))
    assert run.data.tags["driftloop.outcome"] == "recalibrated"
    assert run.info.run_name == "recalibration of version 2"


def predictions(made: Model, rows: pd.DataFrame) -> np.ndarray:
    """What MLflow serves for the champion."""
    import mlflow

    return np.asarray(mlflow.pyfunc.load_model(str(registry.folder(registry.champion(made.name)))).predict(rows))


def test_manual_promotion_asks_for_a_recalibration_too(model: Make) -> None:
    """It waits for approval; once approved it serves, and is still no retrain."""
    made = trained(model, moving("regression", {28: 8.0}), "regression", "recoverable_loss", promotion="manual")
    check = made.check(day(35))
    assert (check.outcome, made.champion()) == (Outcome.AWAITING_APPROVAL, "1"), check.reason
    assert "not recalibrated while version 2 waits for approval" in made.check(day(38)).reason
    with closing(Ledger(home.ledger_url())) as ledger:
        left, serves = pending.approve(ledger, made.name, "2")
        assert (left, serves.number, serves.recalibrates) == ("1", "2", "1")
        assert ledger.history(made.name, day(60)).retrains == ()


def test_without_a_price_nothing_is_recalibrated(model: Make) -> None:
    """By default the check only recommends it."""
    made = trained(model, moving("regression", {28: 8.0}), "regression", "recoverable_loss")
    made.given(policies__triggers=[{"policy": "recoverable_loss", "cost": {"retrain": 2.0}}])
    check = made.check(day(35))
    assert (check.outcome, made.champion()) == (Outcome.STEADY, "1"), check.reason
    assert check.causes is not None
    assert check.causes.advice is not None
    assert check.causes.advice.action == "recalibrate"
