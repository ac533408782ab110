"""Laws of scoring: one shape per task, whatever the estimator answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import EstimatorError, MissingColumns
from driftloop.pipelines.training.features import Features
from driftloop.pipelines.training.scorer import Scorer

FEATURES = Features(numeric=("n",))
ROWS = pd.DataFrame({"n": [1.0, 2.0]})


@dataclass
class Answers:
    """An estimator that answers with what it was given."""

    predicted: Any

    def predict(self, frame: pd.DataFrame) -> Any:
        return np.asarray(self.predicted)


@dataclass
class Doubts(Answers):
    """The same with probabilities, and with names for their columns if given."""

    classes_: Any

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        return np.asarray(self.predicted)


@pytest.mark.parametrize("answer", [["b", "a"], [1, 0], [1.0, 0.0], np.array(["b", "a"], dtype=object)])
def test_a_named_class_gets_all_probability(answer: Any) -> None:
    """An estimator without predict_proba is read as certain, be its classes names or places."""
    assert Scorer("binary", FEATURES, ("a", "b"), Answers(answer)).predict(ROWS).tolist() == [[0, 1], [1, 0]]


def test_columns_follow_the_estimators_own_order_of_classes() -> None:
    """Probabilities are put in the order of the scorer's classes; a class the estimator does not know has none."""
    estimator = Doubts([[0.9, 0.1], [0.2, 0.8]], classes_=["c", "a"])
    predicted = Scorer("multiclass", FEATURES, ("a", "b", "c"), estimator).predict(ROWS)
    assert predicted.tolist() == [[0.1, 0, 0.9], [0.8, 0, 0.2]]


@pytest.mark.parametrize(("task", "classes", "shape"), [("regression", (), (0,)), ("multiclass", ("a", "b"), (0, 2))])
def test_no_rows_have_no_scores_of_the_right_shape(task: Any, classes: tuple[str, ...], shape: tuple[int]) -> None:
    """Zero rows are scored without asking the estimator, which may not bear them."""
    assert Scorer(task, FEATURES, classes, None).predict(ROWS.iloc[:0]).shape == shape


def test_an_answer_of_the_wrong_shape_is_an_error() -> None:
    """Numbers are never spread over rows by chance."""
    with pytest.raises(EstimatorError, match=r"shape \(3,\)[\s\S]*each of the 2 rows"):
        Scorer("regression", FEATURES, (), Answers([1.0, 2.0, 3.0])).predict(ROWS)
    with pytest.raises(EstimatorError, match="a column for each class"):
        Scorer("binary", FEATURES, ("a", "b"), Doubts([[1.0], [1.0]], classes_=["a", "b"])).predict(ROWS)


def test_a_booster_of_a_function_is_read_like_any_other(rows: pd.DataFrame) -> None:
    """A bare xgboost booster scores two classes with both probabilities."""
    import xgboost

    from driftloop.pipelines.training.features import encode, learn_features

    features = learn_features(rows, ["size", "age [d]"], ["kind"], 10)
    data = xgboost.DMatrix(encode(rows, features), label=(rows["two"] == "yes"), enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, num_boost_round=20)
    predicted = Scorer("binary", features, ("no", "yes"), booster).predict(rows)
    assert predicted.shape == (len(rows), 2)
    assert np.mean((predicted[:, 1] > 0.5) == (rows["two"] == "yes")) > 0.9


def test_new_rows_cannot_break_a_scorer(rows: pd.DataFrame, fitted: Callable[..., Scorer]) -> None:
    """Unseen categories, nulls and infinities are scored; a lost column is named."""
    scorer = fitted(rows, "regression", n_estimators=10)
    odd = pd.DataFrame(
        {"size": [np.inf, np.nan], "age [d]": [1.0, -np.inf], "kind": ["never seen", None]}, dtype=object
    )
    odd = odd.astype({"size": float, "age [d]": float})
    assert np.isfinite(scorer.predict(odd)).all()
    with pytest.raises(MissingColumns, match="'kind'"):
        scorer.predict(odd.drop(columns="kind"))
