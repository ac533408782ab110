"""The probe is small: a fifth of the rows, a quarter of the trees, whatever the library calls them."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.pipelines.config.project import Project, Training
from driftloop.pipelines.training.probe import fewer_trees, fit_probe
from tests import streams


@pytest.mark.parametrize(
    ("settings", "params"),
    [
        ({"params": {"n_estimators": 100}}, {"n_estimators": 25}),
        ({"params": {"num_boost_round": 10}}, {"num_boost_round": 2}),
        ({"params": {"n_estimators": 1}}, {"n_estimators": 1}),
        ({"estimator": "sklearn.ensemble.RandomForestRegressor"}, {"n_estimators": 25}),
        # Where the number of trees is found, xgboost takes larger steps; a staged class saves rows alone.
        ({}, {"learning_rate": 0.2, "n_estimators": 250, "early_stopping_rounds": 12}),
        ({"params": {"eta": 0.1}}, {"eta": 0.4, "n_estimators": 250, "early_stopping_rounds": 12}),
        ({"params": {"early_stopping_rounds": 0}}, {"n_estimators": 25}),
        ({"estimator": "linear"}, {}),
        ({"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"}, {}),
        ({"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 8}}, {"max_iter": 2}),
        ({"estimator": "sklearn.linear_model.LogisticRegression"}, {}),
        ({"estimator": "no.such.Thing"}, {}),
        ({"estimator": "own:train"}, {}),
        ({"estimator": "own:train", "params": {"n_estimators": 40}}, {"n_estimators": 10}),
    ],
)
def test_a_quarter_of_the_trees(settings: dict[str, Any], params: dict[str, Any]) -> None:
    """The number of trees is found under its name in the library, given or by default; never less than one."""
    assert fewer_trees(Training(window="7d", **settings)) == params


def test_a_fifth_of_the_rows_but_enough_to_learn_from() -> None:
    """The same rows and seed give the same probe; a small window gives at least training.min_rows of its rows."""
    config = Project.model_validate(streams.config(training__min_rows=100))
    frame = streams.stream()
    one, two = (fit_probe(config, frame) for _ in range(2))
    assert one.estimator.get_booster().num_boosted_rounds() == 10
    assert (one.predict(frame) == two.predict(frame)).all()
    small = frame.head(120)
    assert fit_probe(config, small).predict(small).shape == (120,)
