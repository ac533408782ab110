"""A recipe is found on the newest training rows: the number of trees, and under `auto` the estimator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.losses import named
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer

Make = Callable[..., Training]


def learned(frame: pd.DataFrame, settings: Training, task: str = "regression", **more: object) -> Scorer:
    return fit(frame, frame["y"], ["x", "z"], [], task, settings, **more)  # type: ignore[arg-type]


def frame_of(kind: str, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """A straight line that a linear model finds immediately, or steps that only trees can follow."""
    r = np.random.default_rng(seed)
    x, z = r.normal(size=n), r.normal(size=n)
    signal = 3 * x - 2 * z if kind == "line" else 3 * np.abs(x) + 2.0 * (np.abs(z) > 1)
    return pd.DataFrame({"x": x, "z": z, "y": signal + r.normal(size=n)})


@pytest.mark.parametrize(("kind", "expected"), [("line", "linear"), ("steps", "xgboost")])
def test_auto_takes_what_predicts_the_newest_rows_better(kind: str, expected: str, training: Make) -> None:
    """Both are tried on the newest fifth; the choice and both losses are in the recipe."""
    recipe = learned(frame_of(kind), training(), loss=named("mse")).recipe
    assert recipe is not None
    assert recipe.estimator == expected
    assert set(recipe.validation) == {"linear", "xgboost"}
    assert recipe.validation[expected] == min(recipe.validation.values())
    assert recipe.validation_rows == 400


def test_trees_stop_where_more_of_them_help_no_more(training: Make) -> None:
    """On noise few trees are kept, on a rich signal many, never more than the limit; a given number is kept."""
    noise = frame_of("line").assign(y=np.random.default_rng(3).normal(size=2000))
    few, many = (learned(f, training(estimator="xgboost")).recipe for f in (noise, frame_of("steps", 6000)))
    assert few is not None
    assert many is not None
    assert few.trees is not None
    assert many.trees is not None
    assert few.trees < 20 < many.trees <= 1000
    for params in ({"n_estimators": 77}, {"num_boost_round": 77}, {"n_estimators": 77, "early_stopping_rounds": None}):
        fixed = learned(noise, training(estimator="xgboost", params=params))
        assert fixed.estimator.get_booster().num_boosted_rounds() == 77
        assert fixed.recipe is not None
        assert fixed.recipe.validation == {}
    limited = learned(
        frame_of("steps"), training(estimator="xgboost", params={"n_estimators": 9, "early_stopping_rounds": 5})
    )
    assert limited.estimator.get_booster().num_boosted_rounds() == 9


def test_given_trees_learn_at_the_same_rate_under_auto(training: Make) -> None:
    """A number of trees that is given is fitted as `estimator: xgboost` fits it, also where a linear model competes."""
    alone, chosen = (
        learned(frame_of("steps"), training(estimator=name, params={"n_estimators": 40})).recipe
        for name in ("xgboost", "auto")
    )
    assert alone is not None
    assert chosen is not None
    assert chosen.estimator == "xgboost"
    assert chosen.params == alone.params
    assert chosen.params["learning_rate"] == 0.1


def test_the_newest_rows_decide_and_not_random_ones(training: Make) -> None:
    """Where the newest fifth contradicts the older rows, the trees that fit the older ones are not kept."""
    frame = frame_of("steps", 4000)
    frame.loc[3200:, "y"] = 4 - frame.loc[3200:, "y"]
    recipe = learned(frame, training(estimator="xgboost")).recipe
    assert recipe is not None
    assert recipe.trees is not None
    assert recipe.trees < 10


@pytest.mark.parametrize("name", ["HistGradientBoosting", "GradientBoosting"])
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_staged_estimators_of_scikit_learn_stop_early_too(name: str, task: str, training: Make) -> None:
    """They keep fewer stages on noise than on a signal, are no worse for it, and keep a number that is given."""
    path = f"sklearn.ensemble.{name}{'Regressor' if task == 'regression' else 'Classifier'}"
    noise = frame_of("line", 800).assign(y=np.random.default_rng(3).normal(size=800))
    signal = frame_of("steps", 800)
    if task == "binary":
        noise, signal = (f.assign(y=np.where(f["y"] > f["y"].median(), "yes", "no")) for f in (noise, signal))
    kept = [learned(f, training(estimator=path), task).recipe for f in (noise, signal)]
    assert kept[0] is not None
    assert kept[1] is not None
    assert (kept[0].trees or 0) < (kept[1].trees or 0) < 500
    counted = "max_iter" if name.startswith("Hist") else "n_estimators"
    fixed = learned(signal, training(estimator=path, params={counted: 7}), task).recipe
    assert fixed is not None
    assert fixed.trees == 7
    assert fixed.validation == {}


def test_a_network_holds_rows_out_by_itself(training: Make) -> None:
    """An estimator that can stop early on rows of its own does so, unless the params say otherwise."""
    path = "sklearn.neural_network.MLPRegressor"
    for params, expected in (({}, True), ({"early_stopping": False}, False)):
        scorer = learned(frame_of("line", 400), training(estimator=path, params={"max_iter": 30, **params}))
        assert scorer.estimator[-1].early_stopping is expected


def test_a_second_fit_takes_features_levels_classes_and_recipe_as_they_are(rows: pd.DataFrame, training: Make) -> None:
    """More rows, a new level and a new class change nothing of these."""
    first = fit(rows.head(400), rows["three"].head(400), ["size"], ["kind"], "multiclass", training())
    more = rows.assign(
        kind=rows["kind"].where(rows.index < 500, "new"), three=rows["three"].where(rows.index < 550, "w")
    )
    second = fit(more, more["three"], ["size"], ["kind"], "multiclass", training(), like=first)
    assert (second.features, second.classes, second.recipe) == (first.features, first.classes, first.recipe)
    assert not np.array_equal(second.predict(rows), first.predict(rows))


@pytest.mark.parametrize(
    "names",
    [
        *(["1", "2"], ["1", "2", "3"], ["1", "2", "3", "4", "5"], ["3", "4", "8"], ["0", "2", "7"], ["-1", "1"]),
        *([str(n) for n in range(11)], ["1.0", "2.0"], ["True", "False"]),
    ],
)
@pytest.mark.parametrize("estimator", ["auto", "xgboost", "linear", "sklearn.linear_model.RidgeClassifier"])
def test_numbers_as_class_names_are_names(names: list[str], estimator: str, training: Make) -> None:
    """Whatever the classes are called, the same rows have the same losses as under other names."""
    frame = frame_of("line", 1200)
    places = pd.qcut(frame["y"], len(names), labels=False).to_numpy()
    losses = []
    # Other names in the same order as text, so that both fits see the same codes.
    plain = dict(zip(sorted(names), "abcdefghijk", strict=False))
    for spelled in (names, [plain[name] for name in names]):
        labelled = frame.assign(y=np.array(spelled, dtype=object)[places])
        task = "binary" if len(names) == 2 else "multiclass"
        few = {"n_estimators": 30} if estimator == "xgboost" else {}
        scorer = learned(labelled, training(estimator=estimator, params=few), task)
        assert set(scorer.classes) == set(spelled)
        losses.append(named("error_rate").rows(labelled["y"].to_numpy(), scorer.predict(frame), scorer.classes))
    assert np.array_equal(losses[0], losses[1])
    assert losses[0].mean() < 0.95 * (1 - 1 / len(names))


@pytest.mark.parametrize("missing", ["old", "new"])
def test_a_class_that_is_missing_in_a_part_of_the_rows_is_learned(missing: str, training: Make) -> None:
    """A class that only the older or only the newest rows have does not fail a training, and is predicted."""
    frame = frame_of("line", 1500)
    frame["y"] = np.select([frame["y"] > 2, frame["y"] > -2], ["3", "2"], "1")
    rare = frame.index >= 1250 if missing == "old" else frame.index < 900
    frame.loc[~rare & (frame["y"] == "3"), "y"] = "2"
    for estimator in ("auto", "xgboost", "sklearn.ensemble.HistGradientBoostingClassifier"):
        scorer = learned(frame, training(estimator=estimator), "multiclass")
        assert scorer.classes == ("1", "2", "3")
        assert scorer.predict(frame[frame["y"] == "3"])[:, 2].mean() > scorer.predict(frame)[:, 2].mean()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sklearn.ensemble.StackingRegressor", "without estimators"),
        ("sklearn.ensemble.VotingRegressor", "without estimators"),
        ("sklearn.multioutput.MultiOutputRegressor", "without estimator"),
    ],
)
def test_a_class_with_required_arguments_is_refused_with_a_reason(path: str, words: str, training: Make) -> None:
    """What YAML cannot hold is stated, with the way out."""
    with pytest.raises(EstimatorError, match=rf"{words}[\s\S]*module:function"):
        learned(frame_of("line", 200), training(estimator=path))


def test_few_rows_are_learned_without_a_choice(training: Make) -> None:
    """Where the newest fifth proves nothing, a moderate number of trees is taken and no loss is claimed."""
    scorer = learned(frame_of("line", 150), training())
    assert scorer.recipe is not None
    assert (scorer.recipe.validation, scorer.recipe.trees) == ({}, 100)
