"""An existing model as a scorer: fed and read as it wants to be, and refused where it is not what it seems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from driftloop.monitoring.errors import AdoptionRefused
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.adopted_inputs import Declared, Opened
from driftloop.pipelines.training.adopting import Adopted, adopt, refuse_swapped
from driftloop.pipelines.training.baseline import naive_losses
from tests.streams import config, stream

NUMBERS, WORDS = ["amount", "speed"], ["city", "kind"]
NAMES = [*NUMBERS, *WORDS]
TYPED = tuple(Declared(name=n, type="double" if n in NUMBERS else "string") for n in NAMES)


def project(task: str = "regression", **changes: Any) -> Project:
    return Project.model_validate({**config(task=task, **changes), "file": Path("model.yaml")})


def rows(task: str = "regression") -> pd.DataFrame:
    return stream(10, 60, task=task)


def pipeline(estimator: Any, *, unknown: str = "ignore") -> Any:
    words = OneHotEncoder(handle_unknown=unknown)
    return make_pipeline(make_column_transformer(("passthrough", NUMBERS), (words, WORDS)), estimator)


def numbers_only(**changes: Any) -> dict[str, Any]:
    return {"columns__categorical": [], "columns__numeric": NUMBERS, **changes}


def adopted(model: Any, frame: pd.DataFrame, given: Project, inputs: tuple[Declared, ...] | None = TYPED) -> Adopted:
    return adopt(given, Opened("models:/m/1", model, inputs), frame, [*frame.columns, "unused"])


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_pipeline_predicts_as_it_does_on_raw_rows(task: str) -> None:
    """Column by column and class by class: nothing is encoded, ordered or spelled on the way."""
    frame = rows(task)
    kind = HistGradientBoostingRegressor(max_iter=10) if task == "regression" else RandomForestClassifier(10)
    model = pipeline(kind).fit(frame[NAMES], frame.y)
    made = adopted(model, frame, project(task))
    expected = model.predict(frame[NAMES]) if task == "regression" else model.predict_proba(frame[NAMES])
    assert np.array_equal(made.scorer.predict(frame), expected)
    assert made.scorer.classes == (() if task == "regression" else tuple(sorted(frame.y.unique())))
    assert made.scorer.predict(frame.head(0)).shape == expected[:0].shape


def test_columns_are_handed_over_in_the_order_of_the_model() -> None:
    """The order in the config and in the rows does not matter where the model knows its columns by name."""
    frame = rows()
    model = LinearRegression().fit(frame[["speed", "amount"]], frame.y)
    made = adopted(model, frame, project(**numbers_only()), None)
    assert np.allclose(made.scorer.predict(frame), model.predict(frame[["speed", "amount"]]))
    assert any("no signature" in note for note in made.notes)


def test_a_model_of_an_array_gets_the_features_in_the_order_of_the_config() -> None:
    """It has no names to compare with, so the order that is taken is reported."""
    frame = rows()
    model = LinearRegression().fit(frame[NUMBERS].to_numpy(), frame.y)
    made = adopted(model, frame, project(**numbers_only()), (Declared(name=None, type=None),) * 2)
    assert np.allclose(made.scorer.predict(frame), model.predict(frame[NUMBERS].to_numpy()))
    assert any("no column names" in note and "'amount', 'speed'" in note for note in made.notes)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("booster", [True, False])
def test_xgboost_keeps_its_own_categories(task: str, booster: bool) -> None:
    """A category gets the code of the model; one that it never saw is missing. Numbered classes are named."""
    frame = rows(task)
    inputs = frame[NAMES].astype(dict.fromkeys(WORDS, "category"))
    names = sorted(frame.y.unique()) if task != "regression" else []
    target = frame.y if task == "regression" else frame.y.map(names.index)
    kind = xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier
    model = kind(n_estimators=8, max_depth=3, enable_categorical=True).fit(inputs, target)
    expected = model.predict(inputs) if task == "regression" else model.predict_proba(inputs)
    made = adopted(model.get_booster() if booster else model, frame, project(task))
    assert np.allclose(made.scorer.predict(frame), expected, atol=1e-6)
    assert made.scorer.classes == tuple(names)
    strange = made.scorer.predict(frame.head(3).assign(city="atlantis"))
    assert np.allclose(strange, made.scorer.predict(frame.head(3).assign(city=None)))
    if names:
        assert any("numbers its classes" in note for note in made.notes)


class Python:
    """What a python model of MLflow is to us: something with `predict`."""

    def __init__(self, answer: Callable[[pd.DataFrame], Any]) -> None:
        self.answer = answer

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.answer(frame)


def test_a_python_model_may_answer_with_a_frame_of_classes_in_any_order() -> None:
    """Columns named as the labels are taken by name."""
    frame = rows("binary")
    share = np.linspace(0.1, 0.9, len(frame))
    model = Python(lambda given: pd.DataFrame({"yes": share[: len(given)], "no": 1 - share[: len(given)]}))
    made = adopted(model, frame, project("binary"))
    assert made.scorer.classes == ("no", "yes")
    assert np.allclose(made.scorer.predict(frame)[:, 1], share)


def test_labels_are_enough_for_a_loss_of_labels() -> None:
    """A model without probabilities is read as certain of what it states, and the user is informed."""
    frame = rows("binary")
    model = pipeline(LinearSVC()).fit(frame[NAMES], frame.y)
    made = adopted(model, frame, project("binary", performance={"loss": "error_rate"}))
    assert np.array_equal(made.scorer.predict(frame)[:, 1] == 1.0, model.predict(frame[NAMES]) == "yes")
    assert any("not with their probabilities" in note for note in made.notes)


@pytest.mark.parametrize("values", [{True: "true", False: "false"}, {True: "True", False: "False"}])
def test_truth_values_are_classes_however_the_source_spells_them(values: dict[bool, str]) -> None:
    """A model of booleans and labels that came as text mean the same."""
    frame = rows("binary")
    truth = frame.y == "yes"
    model = pipeline(LogisticRegression(max_iter=500)).fit(frame[NAMES], truth)
    frame = frame.assign(y=truth.map(values))
    made = adopted(model, frame, project("binary"))
    assert np.allclose(made.scorer.predict(frame), model.predict_proba(frame[NAMES]))
    assert made.scorer.classes == tuple(sorted(values.values()))


def test_what_the_model_cannot_take_is_replaced_and_reported() -> None:
    """A missing number, a missing or an unknown category never makes a check fail; what it can take stays."""
    frame = rows()
    model = pipeline(LinearRegression(), unknown="error").fit(frame[NAMES], frame.y)
    made = adopted(model, frame, project())
    assert any("missing values" in note and "berlin" in note for note in made.notes)
    assert any("unknown categories" in note for note in made.notes)
    one = frame.head(1)
    usual = made.scorer.predict(one.assign(city="berlin"))
    assert np.allclose(made.scorer.predict(one.assign(city="atlantis")), usual)
    assert np.allclose(made.scorer.predict(one.assign(city=None)), usual)
    middle = made.scorer.predict(one.assign(amount=float(np.median(frame.amount))))
    assert np.allclose(made.scorer.predict(one.assign(amount=np.nan)), middle)
    able = pipeline(HistGradientBoostingRegressor(max_iter=5)).fit(frame[NAMES], frame.y)
    assert not adopted(able, frame, project()).notes


def test_whole_numbers_stay_whole_where_the_signature_has_them() -> None:
    """Codes that the config watches as categories are handed over as the numbers that the model knows."""
    frame = rows().assign(city=lambda f: f.city.map({"berlin": "1", "paris": "2", "rome": "30"}))
    calls: list[pd.DataFrame] = []

    def answer(given: pd.DataFrame) -> Any:
        calls.append(given)
        return given.amount.to_numpy()

    model = Python(answer)
    inputs = (Declared(name="city", type="long"), Declared(name="amount", type="float"))
    adopted(model, frame, project(), inputs)
    assert str(calls[0].city.dtype) == "int64"
    assert str(calls[0].amount.dtype) == "float32"


def declared(**types: str) -> tuple[Declared, ...]:
    return tuple(Declared(name=name, type=kind) for name, kind in types.items())


def answers(answer: Callable[[pd.DataFrame], Any]) -> Callable[[pd.DataFrame], Any]:
    return lambda _: Python(answer)


REGRESSION_LIES: dict[str, tuple[Callable[[pd.DataFrame], Any], tuple[Declared, ...] | None, str, str]] = {
    "a column that the config lacks": (
        answers(lambda f: f.amount), declared(amount="double", unused="double"), "'unused'", "columns.numeric",
    ),
    "a column that nothing has": (
        answers(lambda f: f.amount), declared(amuont="double"), "'amuont'", "Did you mean 'amount'?",
    ),
    "the target": (answers(lambda f: f.y), declared(y="double"), "takes the target 'y'", "columns.target"),
    "text that is numeric here": (
        answers(lambda f: f.amount), declared(amount="string"), "has text for 'amount'", "columns.categorical",
    ),
    "a number that is text here": (
        answers(lambda f: f.amount), declared(city="double"), "the type double for 'city'", "such as 'berlin'",
    ),
    "whole numbers": (answers(lambda f: f.amount), declared(amount="long"), "the type long for 'amount'", "600 of 600"),
    "a type that no row has": (answers(lambda f: f.amount), declared(amount="datetime"), "datetime", "hours or days"),
    "another order": (
        lambda f: LinearRegression().fit(f[NUMBERS], f.y), declared(speed="double", amount="double"),
        "in the order 'speed', 'amount'", "the order that it was fitted with: 'amount', 'speed'",
    ),
    "columns that it does not have": (
        lambda f: LinearRegression().fit(f[["speed"]], f.y), declared(speed="double", amount="double"),
        "lists 'amount', and the model was not fitted with it", "infer_signature",
    ),
    "another number of columns": (
        lambda f: LinearRegression().fit(f[["speed"]].to_numpy(), f.y), None, "takes 1 columns without names",
        "4 features",
    ),
    "an array and categories": (
        lambda _: LinearRegression().fit(np.zeros((9, 4)), np.zeros(9)), None, "'city', 'kind' is categorical",
        "a frame",
    ),
    "a classifier": (
        lambda f: pipeline(RandomForestClassifier(2)).fit(f[NAMES], f.y > 20), TYPED, "is a classifier", "task: binary",
    ),
    "two numbers a row": (
        answers(lambda f: np.zeros((len(f), 2))), TYPED, "its answer has 2 columns", "one number per row",
    ),
    "one number in all": (answers(lambda _: 3.0), TYPED, "of shape one value", "one row for each of the 600"),
    "too few rows": (answers(lambda f: f.amount.iloc[:-1]), TYPED, "of shape 599", "one row for each of the 600"),
    "text": (answers(lambda f: np.full(len(f), "high")), TYPED, "text such as 'high'", "task: binary or multiclass"),
    "no number": (
        answers(lambda f: f.amount.where(f.amount > 8)), TYPED, "is not a finite number", "for every row",
    ),
    "infinity": (answers(lambda f: f.amount * np.inf), TYPED, "600 of 600 rows is not a finite", "finite number"),
    "it raises": (answers(lambda f: f["colour"]), TYPED, "it fails on 600 rows of the source: KeyError", "(double)"),
}  # fmt: skip


@pytest.mark.parametrize("lie", REGRESSION_LIES)
def test_a_model_of_numbers_that_does_not_fit_is_refused(lie: str) -> None:
    """The error has what was found, what was expected, and how to fix it."""
    make, inputs, found, more = REGRESSION_LIES[lie]
    frame = rows()
    with pytest.raises(AdoptionRefused) as caught:
        adopted(make(frame), frame, project(), inputs)
    assert found in caught.value.found
    assert more in str(caught.value)
    assert caught.value.found.startswith("models:/m/1: ")


CLASS_LIES: dict[str, tuple[str, Callable[[pd.DataFrame], Any], str, str]] = {
    "other classes": (
        "binary", answers(lambda f: np.resize(["good", "bad"], len(f))), "'bad', 'good'", "'no', 'yes'",
    ),
    "a third class": (
        "binary", lambda f: pipeline(RandomForestClassifier(2)).fit(f[NAMES], np.resize([*"abc"], len(f))),
        "it has 3 classes", "task: multiclass",
    ),
    "a class that it lacks": (
        "multiclass", lambda f: pipeline(RandomForestClassifier(2)).fit(f[NAMES], np.resize(["low", "high"], len(f))),
        "rows of the source have 'middle'", "'high', 'low', 'middle'",
    ),
    "labels": ("binary", answers(lambda f: np.resize(["no", "yes"], len(f))), "with classes and not", "error_rate"),
    "margins": (
        "binary", answers(lambda f: np.linspace(-4, 4, len(f))), "from -4 to 4, which are not probabilities", "0 to 1",
    ),
    "numbers of many classes": (
        "multiclass", answers(lambda f: np.linspace(0, 1, len(f))), "one number per row, from 0 to 1", "'low'",
    ),
    "shares that are none": (
        "multiclass", answers(lambda f: np.full((len(f), 3), 0.5)), "have the sum 1.5 in 600 of 600", "the sum 1",
    ),
    "a missing share": ("binary", answers(lambda f: np.full((len(f), 2), np.nan)), "not a finite number", "every row"),
    "text in columns": ("binary", answers(lambda f: np.full((len(f), 2), "x")), "not a finite number", "every row"),
    "a regressor": (
        "binary", lambda f: pipeline(LinearRegression()).fit(f[NAMES], f.amount), "not probabilities", "0 to 1",
    ),
    "columns of other names": (
        "binary", answers(lambda f: pd.DataFrame({"p0": np.full(len(f), 0.5), "p1": 0.5})), "'p0', 'p1'", "'no', 'yes'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", CLASS_LIES)
def test_a_model_of_classes_that_does_not_fit_is_refused(lie: str) -> None:
    """Classes are compared by name with the labels of real rows; what should be probabilities is proved to be."""
    task, make, found, more = CLASS_LIES[lie]
    frame = rows(task)
    with pytest.raises(AdoptionRefused) as caught:
        adopted(make(frame), frame, project(task))
    assert found in caught.value.found
    assert more in str(caught.value)


@pytest.mark.parametrize("swapped", [True, False])
def test_the_probability_of_the_other_class_is_noticed_by_the_loss(swapped: bool) -> None:
    """A number per row may be the probability of either class; the wrong one is worse than a constant."""
    frame, given = rows("binary"), project("binary")
    model = pipeline(LogisticRegression(max_iter=500)).fit(frame[NAMES], frame.y)
    python = Python(lambda f: model.predict_proba(f)[:, 0 if swapped else 1])
    made = adopted(python, frame, given)
    naive = float(naive_losses(frame.y, frame.y, given.loss).mean())
    if not swapped:
        refuse_swapped(given, made.scorer, frame, naive)
        return
    with pytest.raises(AdoptionRefused, match="the opposite of the labels"):
        refuse_swapped(given, made.scorer, frame, naive)


def test_features_that_the_model_does_not_use_are_reported() -> None:
    """They are watched all the same, and later retrains use them."""
    frame = rows()
    model = LinearRegression().fit(frame[["speed"]], frame.y)
    made = adopted(model, frame, project(), declared(speed="double"))
    assert any("does not use 'amount', 'city', 'kind'" in note for note in made.notes)
    assert made.scorer.features.names == ("speed",)
