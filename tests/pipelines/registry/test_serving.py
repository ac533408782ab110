"""`mlflow.pyfunc.load_model` serves a version on raw rows, for each task, with the code that travels with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines import registry
from driftloop.pipelines.registry import serving
from tests.conftest import Model
from tests.streams import stream

Make = Callable[..., Model]
TASKS = ("regression", "binary", "multiclass")


def served(made: Model) -> Any:
    return mlflow.pyfunc.load_model(f"models:/{made.name}@champion")


@pytest.mark.parametrize("task", TASKS)
def test_raw_rows_are_predicted_as_the_loop_predicts_them(trained: Make, task: str) -> None:
    """Other columns next to them, other types, another order and another index change no prediction."""
    made = trained(task=task)
    rows = stream(2, 50, task=task)
    expected = registry.scorer(registry.champion(made.name)).predict(rows)
    raw = rows[["kind", "speed", "city", "amount", "ts", "y"]].astype({"city": "category", "amount": "float32"})
    raw.index = pd.Index(range(500, 600))
    found = served(made).predict(raw)
    assert list(found.index) == list(raw.index)
    assert np.allclose(found.to_numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_classes_come_by_name_and_sum_to_one(trained: Make, task: str) -> None:
    """Regression gives a number a row; classes a column each, named, that sum to one."""
    found = served(trained(task=task)).predict(stream(1, 30, task=task))
    if task == "regression":
        assert found.shape == (30,)
        return
    assert list(found.columns) == {"binary": ["no", "yes"], "multiclass": ["high", "low", "middle"]}[task]
    assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize(
    "change",
    [
        {"city": "atlantis"},
        {"city": None},
        {"amount": 10},
        {"amount": None},
        {"amount": np.inf},
        {"speed": np.float32(0.5)},
        {"amount": "10"},
        {"kind": pd.Categorical(["a"] * 20)},
        {"city": range(20)},
    ],
    ids=lambda change: " ".join(f"{name} {type(value).__name__}" for name, value in change.items()),
)
def test_odd_values_are_predicted_and_never_raise(trained: Make, change: dict[str, Any]) -> None:
    """Unseen categories, missing values, whole numbers and infinities all give a finite number."""
    frame = stream(1, 20).assign(**change)
    found = served(trained()).predict(frame[["amount", "speed", "city", "kind"]])
    assert np.isfinite(found).all()


def test_an_unseen_category_counts_as_missing(trained: Make) -> None:
    """It is predicted as a row without that value is."""
    model, frame = served(trained()), stream(1, 20)
    assert np.allclose(model.predict(frame.assign(city="atlantis")), model.predict(frame.assign(city=None)))


def test_a_missing_column_is_named_and_no_row_is_shown(trained: Make) -> None:
    """The error reports which column is lost, and which are there; the data itself is not printed."""
    with pytest.raises(ValueError, match="lack 'amount'") as caught:
        served(trained()).predict(stream(1, 20)[["speed", "city", "kind"]])
    assert "the rows have 'speed', 'city', 'kind'" in str(caught.value)
    assert "berlin" not in str(caught.value)


def test_text_in_a_numeric_column_counts_as_missing_with_a_warning(trained: Make) -> None:
    """One bad record does not stop the others; the warning names column, count and an example."""
    rows = stream(1, 20)[["amount", "speed", "city", "kind"]].astype({"amount": object})
    rows.loc[3, "amount"] = "ten"
    with pytest.warns(UserWarning, match="amount: 1 of 20 values are not numbers, such as 'ten'"):
        found = served(trained()).predict(rows)
    by_driftloop = serving.served(registry.scorer(registry.champion(trained().name)))
    with pytest.warns(UserWarning, match="amount: 1 of 20 values are not numbers"):
        assert np.array_equal(found, by_driftloop.predict(rows))
    rows.loc[3, "amount"] = None
    assert np.array_equal(found, served(trained()).predict(rows))
