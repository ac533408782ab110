"""Fits with weights: which estimators take them, and that their unit does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.losses import named
from driftloop.pipelines.config.project import Project, Training, load
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.weighing import ignored, weighed
from tests import streams

ROWS = streams.stream(20, 60)
RARE = np.where(ROWS["city"] == "rome", 20.0, 1.0)
TREE = "sklearn.tree.DecisionTreeRegressor"
TAKES = [
    "xgboost",
    "linear",
    "auto",
    TREE,
    "sklearn.linear_model.Ridge",
    "tests.pipelines.training.test_weighing:mean_of",
]
BOOSTED = {"xgboost": {"n_estimators": 20}, "sklearn.ensemble.HistGradientBoostingRegressor": {}}


class Mean:
    """A model that predicts one number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.full(len(rows), self.value)


def mean_of(frame: pd.DataFrame, target: pd.Series, *, weight: pd.Series | None = None, **_: Any) -> Mean:
    """A custom function that takes weights: a series on the index of the rows with a mean of 1."""
    if weight is None:
        return Mean(float(target.mean()))
    assert weight.index.equals(frame.index)
    assert weight.mean() == pytest.approx(1.0)
    return Mean(float(np.average(target, weights=weight)))


def without(frame: pd.DataFrame, target: pd.Series, *, task: str, params: dict[str, Any], seed: int) -> Mean:
    """A custom function of the older form."""
    return Mean(float(target.mean()))


def fitted(
    estimator: str, weights: np.ndarray | None, rows: pd.DataFrame = ROWS, loss: str = "mse", **params: Any
) -> Scorer:
    settings = Training(window="20d", min_rows=50, estimator=estimator, params=params, threads=1)
    numeric, categorical = ["amount", "speed"], ["city", "kind"]
    return fit(
        rows, rows["y"], numeric, categorical, "regression", settings, loss=named(loss), weights=weights, here=True
    )


@pytest.mark.parametrize("estimator", TAKES)
def test_weights_move_a_fit_and_their_unit_does_not(estimator: str) -> None:
    """Rows that count more are predicted better; equal weights are none; weights times 1000 are the same."""
    params: dict[str, Any] = (
        {"n_estimators": 5, "max_depth": 2} if estimator == "xgboost" else {"max_depth": 3} if estimator == TREE else {}
    )
    plain, heavy, scaled, equal = (
        fitted(estimator, by, **params).predict(ROWS) for by in (None, RARE, 1000 * RARE, np.full(len(ROWS), 9.0))
    )
    assert equal.tolist() == plain.tolist()
    assert scaled == pytest.approx(heavy)
    rome = (ROWS["city"] == "rome").to_numpy()
    off = [abs((ROWS["y"] - found)[rome].mean()) for found in (heavy, plain)]
    assert heavy.tolist() != plain.tolist()
    assert off[0] <= off[1] + 1e-9


@pytest.mark.parametrize("loss", ["mae", "mse", "pinball(0.9)", "poisson_deviance", "tests.custom_losses:asymmetric"])
def test_every_objective_takes_weights(loss: str) -> None:
    """Both xgboost and the linear model are fitted with weights for each loss, early stopping included."""
    rows = ROWS.assign(y=ROWS["y"].abs() + 1)
    for estimator in ("xgboost", "linear"):
        assert np.isfinite(fitted(estimator, RARE, rows, loss).predict(rows)).all()


def test_whole_weights_repeat_rows_where_the_fit_is_exact() -> None:
    """A tree without regularization and trees of xgboost whose leaves have no penalty: the same as repeated rows."""
    weights = np.random.default_rng(0).integers(1, 4, len(ROWS))
    many = ROWS.loc[ROWS.index.repeat(weights)].reset_index(drop=True)
    exact: dict[str, Any] = {
        "n_estimators": 5,
        "max_depth": 3,
        "reg_lambda": 0,
        "min_child_weight": 0,
        "subsample": 1,
        "colsample_bytree": 1,
    }
    exact |= {"max_bin": 4096, "base_score": 20.0}
    tried: list[tuple[str, dict[str, Any]]] = [(TREE, {"max_depth": 3}), ("xgboost", exact)]
    for estimator, params in tried:
        settings = Training(window="20d", min_rows=50, estimator=estimator, params=params, threads=1)
        one, other = (
            fit(
                rows,
                rows["y"],
                ["amount", "speed"],
                [],
                "regression",
                settings,
                loss=named("mse"),
                weights=by,
            )
            for rows, by in ((ROWS, weights.astype(float)), (many, None))
        )
        assert one.predict(ROWS) == pytest.approx(other.predict(ROWS), rel=1e-4)


def test_the_baseline_is_the_weighted_one() -> None:
    """The best constant and its loss are weighted; missing labels leave with their weights."""
    truth, weights = np.array([1.0, 3.0, np.nan]), np.array([3.0, 1.0, 50.0])
    lost = naive_losses(truth, truth[:2], named("mse"), weights, weights[:2])
    assert lost.mean() == pytest.approx((3 * 0.25 + 2.25) / 4)


def project(folder: Path, estimator: str) -> Project:
    return load(streams.write(folder, None, training__estimator=estimator, training__params={}, columns__weight="w"))


@pytest.mark.parametrize(
    ("estimator", "text"),
    [
        *((name, None) for name in TAKES),
        ("sklearn.neighbors.KNeighborsRegressor", "KNeighborsRegressor does not accept sample_weight and is fitted"),
        ("tests.pipelines.training.test_weighing:without", "has no parameter called weight and is fitted without"),
    ],
)
def test_an_estimator_without_weights_is_named(tmp_path: Path, estimator: str, text: str | None) -> None:
    """It is fitted without them, and the log reports it, with what still uses them."""
    config = project(tmp_path, estimator)
    found = ignored(config, "linear" if estimator == "auto" else estimator)
    assert (found is None) == (text is None)
    assert text is None or text in str(found)
    assert text is None or "validation, gate and checks use w" in str(found)
    if ":" in estimator or "Neighbors" in estimator:
        assert np.isfinite(fitted(estimator, RARE).predict(ROWS)).all()


def test_the_log_counts_the_training_rows(tmp_path: Path) -> None:
    """The sentence has the number of rows, and how many equal ones they are worth."""
    config = project(tmp_path, "xgboost")
    assert weighed(config, "xgboost", np.array([1.0, 1.0, 4.0])) == (
        "3 training rows are worth 2 rows of equal weight (w)"
    )
    assert (
        weighed(config, "xgboost", np.array([4.0, 4.0]))
        == "all 2 training rows have the weight 4, so w changes nothing"
    )
