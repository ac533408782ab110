"""Random search draws what it is given, keeps the best, and leaves no run behind that is still running."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines import registry
from driftloop.pipelines.flows.search import draw
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]
numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000)


@given(numbers, numbers, st.integers(0, 99))
@example(0, -0.0, 0)
def test_two_numbers_are_the_ends_of_a_range(one: float, other: float, seed: int) -> None:
    """Whatever their order, every draw is between them, whole numbers if both ends are."""
    low, high = sorted((one, other))
    for drawn in draw({"x": [one, other]}, 20, seed):
        assert low <= drawn["x"] <= high or drawn["x"] == pytest.approx(low) or drawn["x"] == pytest.approx(high)
        assert isinstance(drawn["x"], int) == (isinstance(one, int) and isinstance(other, int))


@given(st.lists(st.text() | st.booleans() | st.none(), min_size=1), st.integers(0, 99))
def test_other_values_are_drawn_as_they_are(values: list[Any], seed: int) -> None:
    """A list is a choice; two booleans are no range."""
    assert all(drawn["x"] in values for drawn in draw({"x": values}, 10, seed))


def test_both_whole_ends_are_drawn() -> None:
    """The range of whole numbers is closed."""
    assert {drawn["x"] for drawn in draw({"x": [1, 3]}, 100, 0)} == {1, 2, 3}


def test_orders_of_magnitude_are_drawn_evenly() -> None:
    """Half the draws of a range from 0.001 to 10 are below its geometric middle."""
    drawn = [one["rate"] for one in draw({"rate": [0.001, 10.0]}, 2000, 0)]
    assert 0.45 < sum(value < 0.1 for value in drawn) / len(drawn) < 0.55


@given(st.integers(0, 99))
def test_the_same_seed_draws_the_same(seed: int) -> None:
    """A request that is trained again tries the same sets; more trials begin with the same ones."""
    space: dict[str, list[Any]] = {"a": [1, 100], "b": [0.1, 0.9], "c": ["x", "y", "z"]}
    assert draw(space, 5, seed) == draw(space, 5, seed) == draw(space, 9, seed)[:5]


def test_the_best_trial_is_fitted(model: Make) -> None:
    """What the challenger is trained with are the fixed parameters and those of the trial with the least loss."""
    space = {"n_estimators": [2, 40]}
    made = model(stream(), training__params={"max_depth": 3}, training__search={"trials": 4, "space": space})
    retrain = made.check(day(21)).retrain
    runs = registry.client().search_runs([registry.experiment(made.name)], "tags.`driftloop.kind` = 'trial'")
    best = min(runs, key=lambda run: run.data.metrics["loss"])
    params = registry.client().get_run(str(retrain.mlflow_run_id)).data.params
    found = {"max_depth": "3", **best.data.params, "learning_rate": "0.1"}
    assert params == {"estimator": "xgboost", "chosen": "xgboost", **found}
    recipe = json.loads(registry.champion(made.name).tags["driftloop.recipe"])
    assert str(recipe["params"]["n_estimators"]) == best.data.params["n_estimators"]


def test_a_trial_that_fails_leaves_nothing_running(model: Make) -> None:
    """A parameter that the estimator does not know is reported, and every run it began is ended."""
    made = model(stream(), training__search={"trials": 4, "threads": 2, "space": {"n_estimatorz": [2, 40]}})
    with pytest.raises(EstimatorError, match=r"n_estimatorz.*(?s:.*)n_estimators"):
        made.check(day(21))
    runs = registry.client().search_runs([registry.experiment(made.name)])
    assert {run.info.status for run in runs} == {"FAILED"}
    assert made.champion() is None


def test_a_function_of_ones_own_is_searched_too(model: Make) -> None:
    """It is found next to the YAML by the trials as well."""
    made = model(
        stream(), training__estimator="searched:train", training__params={},
        training__search={"trials": 2, "space": {"n_estimators": [5, 20]}},
    )  # fmt: skip
    (made.folder / "searched.py").write_text(
        "import xgboost\n"
        "def train(frame, target, *, task, params, seed):\n"
        "    return xgboost.XGBRegressor(enable_categorical=True, **params).fit(frame, target)\n"
    )
    assert made.check(day(21)).champion_after == "1"
