"""Parameters of estimators in a config: those with which a fit would not end are refused by their key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from tests.streams import write

FOREST = "sklearn.ensemble.RandomForestRegressor"


@pytest.mark.parametrize(
    ("estimator", "name", "value", "most"),
    [
        ("auto", "n_estimators", 10**9, "100,000"),
        ("xgboost", "n_estimators", 100_001, "100,000"),
        ("xgboost", "num_boost_round", 1e9, "100,000"),
        ("xgboost", "early_stopping_rounds", 10**9, "100,000"),
        ("xgboost", "num_parallel_tree", 10**9, "1,000"),
        ("xgboost", "nthread", 10**9, "1,024"),
        ("xgboost", "n_estimators", float("inf"), "100,000"),
        ("xgboost", "n_estimators", float("nan"), "100,000"),
        (FOREST, "n_estimators", 10**9, "100,000"),
        (FOREST, "n_jobs", 10**9, "1,024"),
        ("sklearn.ensemble.HistGradientBoostingRegressor", "max_iter", 10**9, "100,000"),
        ("sklearn.ensemble.HistGradientBoostingRegressor", "n_iter_no_change", 10**9, "100,000"),
        ("sklearn.neural_network.MLPRegressor", "hidden_layer_sizes", [10, 10**9], "10,000"),
        ("sklearn.ensemble.BaggingRegressor", "estimator__max_iter", 10**9, "100,000"),
    ],
)
@pytest.mark.parametrize("searched", [False, True], ids=["params", "search"])
def test_a_fit_without_an_end_is_refused_by_its_key(
    estimator: str, name: str, value: Any, most: str, searched: bool, tmp_path: Path
) -> None:
    """In the parameters and among the values of a search: the key, the value, and the largest one there may be."""
    space = value if isinstance(value, list) else [1, value]
    given = {"search": {"space": {name: space}}} if searched else {"params": {name: value}}
    file = write(tmp_path, training={"window": "21d", "estimator": estimator, **given})
    key = f"training.search.space.{name}" if searched else f"training.params.{name}"
    with pytest.raises(ConfigError, match=rf"(?s){re.escape(key)}.*expected:\s+(at most {most}|the ends of a range)"):
        load(file)


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("auto", {"n_estimators": 100_000, "early_stopping_rounds": None}),
        ("xgboost", {"nthread": -1, "max_depth": 10**9, "gamma": 1e12}),
        ("sklearn.svm.SVR", {"max_iter": -1}),
        ("custom.models:fit", {"n_estimators": 10**9, "max_iter": 10**9}),
    ],
)
def test_other_numbers_are_left_to_the_estimator(estimator: str, params: dict[str, Any], tmp_path: Path) -> None:
    """The bound itself, negative numbers that mean no limit, other parameters, and a function's own."""
    file = write(tmp_path, training={"window": "21d", "estimator": estimator, "params": params})
    assert load(file).training.params == params
