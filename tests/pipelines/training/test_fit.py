"""Laws of a fit: early ends are typed and cheap, the same rows give the same model, errors word themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import EstimatorError, TrainingImpossible, TrainingRaised
from driftloop.monitoring.losses.mae import Mae
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer

TARGETS = {"regression": "number", "binary": "two", "multiclass": "three"}
ESTIMATORS = {
    "regression": ["HistGradientBoostingRegressor", "RandomForestRegressor", "Ridge"],
    "binary": ["HistGradientBoostingClassifier", "RandomForestClassifier", "LogisticRegression", "RidgeClassifier"],
    "multiclass": ["HistGradientBoostingClassifier", "RandomForestClassifier", "LogisticRegression", "RidgeClassifier"],
}
CASES = [(task, "xgboost") for task in TARGETS] + [
    (task, f"sklearn.{'ensemble' if 'Boosting' in name or 'Forest' in name else 'linear_model'}.{name}")
    for task, names in ESTIMATORS.items()
    for name in names
]
SMALL = {"xgboost": {"n_estimators": 30}, "Boosting": {"max_iter": 30}, "Forest": {"n_estimators": 20}}


def small(estimator: str) -> dict[str, Any]:
    return next((params for part, params in SMALL.items() if part in estimator), {})


@pytest.mark.parametrize(("task", "estimator"), CASES)
def test_every_estimator_learns_from_gaps_and_categories(
    task: str, estimator: str, make_rows: Callable[..., pd.DataFrame], fitted: Callable[..., Scorer]
) -> None:
    """On rows it has not seen, a model is right far more often than the naive guess, and the same at each fit."""
    train, fresh = make_rows(800, seed=1), make_rows(400, seed=2)
    scorer, again = (fitted(train, task, estimator, **small(estimator)) for _ in range(2))
    predicted, truth = scorer.predict(fresh), fresh[TARGETS[task]]
    assert np.array_equal(predicted, again.predict(fresh))
    if task == "regression":
        assert np.mean((predicted - truth) ** 2) < 0.5 * truth.var()
    else:
        assert predicted.shape == (400, len(scorer.classes))
        assert np.allclose(predicted.sum(axis=1), 1)
        wrong = np.mean(np.asarray(scorer.classes)[predicted.argmax(axis=1)] != truth)
        assert wrong < 0.6 * (1 - truth.value_counts(normalize=True).max())


def damaged(rows: pd.DataFrame, code: str) -> tuple[pd.DataFrame, str, Any]:
    if code == "no_labels":
        return rows.assign(number=np.nan), "number", "regression"
    if code == "too_few_rows":
        return rows.iloc[:40], "number", "regression"
    if code == "one_class":
        return rows.assign(two="yes"), "two", "binary"
    if code == "too_many_classes":
        return rows, "three", "binary"
    if code == "labels_too_large":
        return rows.assign(number=1e300), "number", "regression"
    return rows.assign(size=np.inf, kind=None), "number", "regression"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("no_labels", "not one training row has a label"),
        ("too_few_rows", "40 labeled training rows"),
        ("one_class", "all 600 labeled training rows are of the class 'yes'"),
        ("too_many_classes", "3 classes: 'hi', 'lo', 'mid'"),
        ("empty_feature", "'size', 'kind': no value in any of 600"),
        ("labels_too_large", r"600 of 600 labels are outside 3\.4e\+38"),
    ],
)
def test_nothing_to_learn_from_is_an_early_typed_end(
    code: str, words: str, rows: pd.DataFrame, training: Callable[..., Training]
) -> None:
    """Each end has its code and states what was found."""
    frame, target, task = damaged(rows, code)
    with pytest.raises(TrainingImpossible, match=words) as caught:
        fit(frame, frame[target], ["size", "age [d]"], ["kind"], task, training())
    assert caught.value.code == code


class NotNegative(Mae):
    """A loss that is not defined for every label."""

    lowest = 0.0


def test_labels_for_which_the_loss_is_not_defined_are_refused(
    rows: pd.DataFrame, training: Callable[..., Training]
) -> None:
    """Labels below the least that a loss takes end a fit with their number, and labels at it do not."""
    made, few = rows.assign(number=rows["number"].clip(lower=0.0)), training(params={"n_estimators": 2})
    fit(made, made["number"], ["size"], ["kind"], "regression", few, loss=NotNegative())
    made.loc[[5, 8], "number"] = [-0.5, -2.0]
    with pytest.raises(TrainingImpossible, match=r"2 of 600 labels are below 0, the least being -2") as caught:
        fit(made, made["number"], ["size"], ["kind"], "regression", training(), loss=NotNegative())
    assert caught.value.code == "labels_not_allowed"
    assert "performance.loss is mae" in str(caught.value)


def test_rows_without_a_label_are_left_out(rows: pd.DataFrame, training: Callable[..., Training]) -> None:
    """Missing and infinite labels change nothing about the model."""
    more = pd.concat([rows, rows.assign(number=np.nan), rows.assign(number=np.inf)], ignore_index=True)
    settings = training(params={"n_estimators": 10})
    one, other = (fit(f, f["number"], ["size"], ["kind"], "regression", settings) for f in (rows, more))
    assert np.array_equal(one.predict(rows), other.predict(rows))


def test_importing_and_early_ends_load_no_learning_library() -> None:
    """A training that ends early has paid for neither xgboost nor scikit-learn nor matplotlib."""
    code = (
        "import sys, pandas as pd\n"
        "from driftloop.monitoring.errors import TrainingImpossible\n"
        "from driftloop.pipelines.config.project import Training\n"
        "from driftloop.pipelines import gate\n"
        "from driftloop.pipelines.training import baseline, evaluating, features, fit, leaks, plots\n"
        "from driftloop.pipelines.training import scorer, split, storage, threads\n"
        "from driftloop.pipelines.training import fit_function, fit_sklearn, fit_xgboost\n"
        "rows = pd.DataFrame({'n': [1.0, 2.0], 'y': [1.0, 2.0]})\n"
        "try: fit.fit(rows, rows['y'], ['n'], [], 'regression', Training.model_validate({'window': '1d'}))\n"
        "except TrainingImpossible as error: print(error.code)\n"
        "print(sorted({'xgboost', 'sklearn', 'matplotlib', 'skops', 'scipy'} & set(sys.modules)))\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["too_few_rows", "[]"]


@pytest.mark.parametrize(
    ("estimator", "params", "words"),
    [
        ("xgboost", {"max_deep": 3}, r"no parameter 'max_deep'[\s\S]*mean 'max_depth'"),
        ("xgboost", {"max_depth": "deep"}, r"could not be fitted[\s\S]*max_depth"),
        ("xgbost", {}, r"no such estimator[\s\S]*mean 'xgboost'"),
        ("sklearn.ensembel.RandomForestRegressor", {}, "module 'sklearn.ensembel' cannot be imported"),
        ("sklearn.linear_model.Rigde", {}, r"has no estimator 'Rigde'[\s\S]*mean 'Ridge'"),
        ("sklearn.linear_model.ridge_regression", {}, "has no estimator 'ridge_regression'"),
        ("sklearn.linear_model.Ridge", {"alfa": 1}, r"no parameter 'alfa'[\s\S]*mean 'alpha'"),
        ("sklearn.linear_model.Ridge", {"alpha": -1}, "could not be fitted"),
        ("sklearn.linear_model.LogisticRegression", {}, "it is not a regressor"),
        ("no_such_module:train", {}, "module 'no_such_module' cannot be imported"),
    ],
)
def test_an_unusable_estimator_gives_the_reason(
    estimator: str, params: dict[str, Any], words: str, rows: pd.DataFrame, fitted: Callable[..., Scorer]
) -> None:
    """Each way of naming an estimator wrongly has its own message, with the nearest right name."""
    with pytest.raises(EstimatorError, match=words):
        fitted(rows, "regression", estimator, **params)


def test_short_names_of_parameters_mean_the_long_ones(rows: pd.DataFrame, fitted: Callable[..., Scorer]) -> None:
    """`eta` and `learning_rate` are one parameter, and the given one wins over the default."""
    short, long = fitted(rows, "regression", eta=0.3), fitted(rows, "regression", learning_rate=0.3)
    assert np.array_equal(short.predict(rows), long.predict(rows))
    assert not np.array_equal(short.predict(rows), fitted(rows, "regression").predict(rows))


OWN = """
from sklearn.preprocessing import LabelEncoder
from sklearn.ensemble import HistGradientBoostingClassifier
from xgboost import XGBClassifier

def named(frame, target, *, task, params, seed):
    return HistGradientBoostingClassifier(random_state=seed, **params).fit(frame, target)

def placed(frame, target, *, task, params, seed):
    codes = LabelEncoder().fit_transform(target)
    return XGBClassifier(enable_categorical=True, random_state=seed, n_estimators=20).fit(frame, codes)

def broken(frame, target, *, task, params, seed):
    return {}["here"]

def nothing(frame, target, *, task, params, seed):
    HistGradientBoostingClassifier(max_iter=2).fit(frame, target)

class Strange:
    classes_ = ["good", "bad"]
    def predict(self, frame): ...

def strange(frame, target, *, task, params, seed):
    return Strange()
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_training.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_training", raising=False)
    return "own_training"


@pytest.mark.parametrize("function", ["named", "placed"])
def test_a_function_of_ones_own_may_name_classes_or_their_places(
    function: str, own_module: str, rows: pd.DataFrame, fitted: Callable[..., Scorer]
) -> None:
    """Estimators fitted on the names and on places 0..k-1 are read alike."""
    scorer = fitted(rows, "multiclass", f"{own_module}:{function}", **({"max_iter": 20} if function == "named" else {}))
    best = np.asarray(scorer.classes)[scorer.predict(rows).argmax(axis=1)]
    assert scorer.classes == ("hi", "lo", "mid")
    assert np.mean(best == rows["three"]) > 0.9


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("nothing", "it returned NoneType, which has no predict"),
        ("strange", "names classes bad, good"),
        ("nmaed", r"no function 'nmaed'[\s\S]*mean 'named'"),
    ],
)
def test_a_custom_function_that_fails_is_reported_as_such(
    function: str, words: str, own_module: str, rows: pd.DataFrame, fitted: Callable[..., Scorer]
) -> None:
    """What was returned, named or not found is in the message."""
    with pytest.raises(EstimatorError, match=words):
        fitted(rows, "multiclass", f"{own_module}:{function}")


@pytest.mark.parametrize("here", [True, False])
def test_a_function_that_raises_keeps_its_traceback(
    here: bool, own_module: str, rows: pd.DataFrame, training: Callable[..., Training]
) -> None:
    """The error has the file, the line and the code where it was raised, in this process or in one of its own."""
    settings = training(estimator=f"{own_module}:broken")
    with pytest.raises(TrainingRaised, match="the function raised KeyError: 'here'") as caught:
        fit(rows, rows["three"], ["size"], ["kind"], "multiclass", settings, here=here)
    assert type(caught.value.__cause__) is KeyError
    lines = caught.value.traceback.splitlines()
    assert "own_training.py" in lines[1]
    assert lines[1].endswith("in broken")
    assert lines[-1] == "KeyError: 'here'"
