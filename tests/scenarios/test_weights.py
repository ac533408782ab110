"""Weights of rows through the whole loop, on real parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Outcome
from driftloop.monitoring.rows.weights import effective_rows
from driftloop.pipelines import registry
from driftloop.pipelines.backtest.run import backtest
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.validation import validate
from driftloop.pipelines.predictions.predict import predict_window
from tests.streams import day, stream

Make = Callable[..., Any]
FAST: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}
WEIGHT = {"columns__weight": "w"}


def weighted(frame: pd.DataFrame, seed: int = 3) -> pd.DataFrame:
    """Rows of Rome count ten times as much, and all vary a little."""
    vary = np.random.default_rng(seed).uniform(0.5, 1.5, len(frame))
    return frame.assign(w=np.where(frame["city"] == "rome", 10.0, 1.0) * vary)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_equal_weights_change_nothing(model: Make, task: str) -> None:
    """A constant weight gives the same model, loss, interval, metrics, drift and estimate as none, to the last bit."""
    frame = stream(35, task=task).assign(w=7.3)
    found: list[dict[str, Any]] = []
    for changes in ({}, WEIGHT):
        made = model(frame, task=task, slices=["city"], **FAST, **changes)
        first = made.check(day(28))
        assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
        check: Any = made.check(day(35))
        reference = registry.reference(registry.champion(made.name))
        found.append(
            {
                "loss": check.performance,
                "metrics": check.metrics,
                "confusion": check.confusion,
                "calibration": check.calibration,
                "drift": check.columns,
                "slices": check.slices,
                "estimate": check.estimated,
                "gate": first.retrain.challenger_loss,
                "reference": (reference.loss, reference.loss_rows, reference.metrics, reference.slices),
            }
        )
        assert [one.code for one in check.findings if "weight" in one.code] == ["weights_equal"][: len(changes)]
    assert found[0] == found[1]


def test_weights_count_from_the_fit_to_the_check(model: Make) -> None:
    """Reference and loss are weighted means, rows are counted by their effective number, drift by weighted shares."""
    made = model(weighted(stream(42)), **FAST, **WEIGHT)
    first = made.check(day(35))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    champion = registry.champion(made.name)
    reference = registry.reference(champion)
    assert reference.weight == "w"
    assert "w" not in [column.name for column in reference.columns]
    assert "w" not in registry.scorer(champion, load(made.file).training).features.names

    check: Any = made.check(day(42))
    assert check.outcome is Outcome.STEADY, check.reason
    rows = pd.read_parquet(made.folder / "rows.parquet")
    rows = rows[(rows["ts"] >= pd.Timestamp(day(35))) & (rows["ts"] < pd.Timestamp(day(42)))]
    lost = np.abs(rows["y"] - registry.scorer(champion, load(made.file).training).predict(rows))
    assert check.performance.loss == pytest.approx(np.average(lost, weights=rows["w"]))
    assert check.performance.effective_rows == pytest.approx(effective_rows(rows["w"].to_numpy()))
    assert check.performance.rows == len(rows)
    assert check.performance.low < check.performance.loss < check.performance.high
    assert not any(one.drifted for one in check.columns)
    # Twice as many rows of Rome with half of their weight are the same population: no drift.
    rome = rows[rows["city"] == "rome"]
    twice = pd.concat(
        [rows.assign(w=rows["w"].where(rows["city"] != "rome", rows["w"] / 2)), rome.assign(w=rome["w"] / 2)]
    )
    before = pd.read_parquet(made.folder / "rows.parquet")
    made.given(pd.concat([before[before["ts"] < pd.Timestamp(day(35))], twice]).sort_values("ts"))
    score = {one.name: one for one in made.check(day(42)).columns}["city"]
    assert not score.drifted
    made.given(columns__weight=None)
    plain: Any = made.check(day(42), dry_run=True)
    assert {one.name: one.drifted for one in plain.columns}["city"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda w: w.where(np.arange(len(w)) % 3 > 0), "weights are missing or not a number"),
        (lambda w: -w, "weights are negative, the least being"),
        (lambda w: w.where(np.arange(len(w)) % 5 > 0, np.inf), "weights are infinite"),
        (lambda w: w * 0, "weights are 0 (w)"),
        (lambda w: pd.Series("heavy", index=w.index), "weights are missing or not a number"),
    ],
)
def test_weights_that_cannot_be_used_end_a_check_and_a_training(
    sibling: Make, alone: Make, damage: Any, message: str
) -> None:
    """Checks end as bad data with the numbers; a first training run is not started; nothing is a traceback."""
    frame = weighted(stream())
    broken = frame.assign(w=damage(frame["w"]))
    check = sibling(broken, frame=frame, key="weights", **WEIGHT).check(day(35))
    assert check.outcome is Outcome.BAD_DATA, check.reason
    assert message in check.reason
    assert [one.column for one in check.findings if one.code == "weights_not_allowed"] == ["w"]
    first = alone(broken, **WEIGHT).check(day(35))
    assert first.outcome is Outcome.BAD_DATA, first.reason
    assert message.removesuffix(" (w)") in first.reason


def test_a_weight_that_is_new_in_the_config_counts_from_the_next_champion(model: Make) -> None:
    """Until a retrain the champion is judged as it was trained, and the finding names both."""
    made = model(weighted(stream(42)), **FAST)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    made.given(**WEIGHT)
    check: Any = made.check(day(35))
    (finding,) = [one for one in check.findings if "weight" in one.code]
    assert finding.code == "weight_changed"
    assert "weighted by w, the rows of the champion's reference not; it is judged without weights" in finding.message
    assert check.performance.effective_rows is None


def test_predictions_need_no_weight(model: Make) -> None:
    """Rows without the column of the weight are scored and logged; a check of them names what is missing."""
    made = model(weighted(stream(42)), **FAST, **WEIGHT)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    made.given(stream(42))
    assert predict_window(load(made.file), day(35)).scored > 0
    result = validate(load(made.file), day(35))
    assert (result.outcome, result.exit_code) == ("invalid", 2)
    assert "'w'" in result.reason


def test_a_backtest_weighs_batches_and_fits(tmp_path: Path) -> None:
    """Equal weights give the study without weights; others another one, with effective rows."""
    from tests import streams

    small = {"preflight__min_rows": 20, "training__min_rows": 50, **FAST}
    frame = streams.stream(days=100, a_day=12, gradual=0.1)
    found = {}
    for name, rows, changes in (
        ("none", frame, {}),
        ("equal", frame.assign(w=3.0), WEIGHT),
        ("weighted", weighted(frame), WEIGHT),
    ):
        config = load(streams.write(tmp_path / name, rows, **small, **changes))
        found[name] = backtest(config, day(200), policies=["cara"])
    assert found["none"].standings == found["equal"].standings
    assert found["none"].standings != found["weighted"].standings
