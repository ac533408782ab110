"""The contract of an adopted model: what it is fed, and what is made of its answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import AdoptionRefused, MissingColumns
from driftloop.pipelines.training.contract import Contract, Input, shares_of, spelled, values_of

ROWS = pd.DataFrame(
    {
        "n": [1.0, 2.0, np.nan],
        "whole": [3.0, 4.0, 5.0],
        "yes": pd.Series(["true", "false", "true"], dtype=object),
        "city": pd.Series(["rome", None, "oslo"], dtype=object),
    }
)


def contract(*inputs: Input, **more: Any) -> Contract:
    return Contract(**{"model": "m", "task": "regression", "inputs": inputs, **more})


class Echo:
    """Answers with what it is given."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("one", "dtype", "values"),
    [
        (Input(name="n", type="double"), "float64", [1.0, 2.0, np.nan]),
        (Input(name="n", type="float"), "float32", [1.0, 2.0, np.nan]),
        (Input(name="n", type="double", fill=9.0), "float64", [1.0, 2.0, 9.0]),
        (Input(name="n", type="long"), "float64", [1.0, 2.0, np.nan]),
        (Input(name="whole", type="long"), "int64", [3, 4, 5]),
        (Input(name="whole", type="integer"), "int32", [3, 4, 5]),
        (Input(name="yes", type="boolean"), "bool", [True, False, True]),
        (Input(name="city", type="string"), "object", ["rome", np.nan, "oslo"]),
        (Input(name="city", type="string", fill="rome"), "object", ["rome", "rome", "oslo"]),
        (Input(name="city", type="category", levels=("rome", "bonn")), "category", ["rome", np.nan, np.nan]),
    ],
)
def test_a_column_comes_in_the_type_of_the_signature(one: Input, dtype: str, values: list[Any]) -> None:
    """A whole number that is missing stays a float, as in pandas; text that is missing is NaN, as in a CSV."""
    made = contract(one).frame(ROWS)[one.name]
    assert str(made.dtype) == dtype
    pd.testing.assert_series_equal(pd.Series([*made]), pd.Series(values), check_dtype=False, check_names=False)


def test_an_unknown_category_is_missing_only_where_the_model_fails_on_it() -> None:
    """What the model can take comes as it is, although no row of the reference had it."""
    one = Input(name="city", type="string", levels=("rome",))
    assert contract(one).frame(ROWS).city.tolist()[2] == "oslo"
    assert pd.isna(contract(one, strict=True).frame(ROWS).city.tolist()[2])


def test_a_lost_column_is_named() -> None:
    """As for every other model."""
    with pytest.raises(MissingColumns, match="'gone'"):
        contract(Input(name="gone", type="double")).frame(ROWS)


def test_a_class_that_was_never_named_is_refused_when_it_comes() -> None:
    """A model that begins to answer otherwise ends the check with a clear error."""
    made = contract(
        Input(name="n", type="double"), task="binary", answer="labels", classes=("a", "b"), labels={"0": "a", "1": "b"}
    )
    assert made.predict(Echo([0, 1, 0]), ROWS, ("a", "b")).tolist() == [[1, 0], [0, 1], [1, 0]]
    with pytest.raises(AdoptionRefused, match="it answers with '2'"):
        made.predict(Echo([0, 1, 2]), ROWS, ("a", "b"))


def test_columns_of_an_answer_are_put_in_the_order_of_the_classes() -> None:
    """The model's order is kept in the contract, the sorted one is that of all scores."""
    made = contract(Input(name="n", type="double"), task="binary", answer="probabilities", classes=("b", "a"))
    answer = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert made.predict(Echo(answer), ROWS, ("a", "b")).tolist() == answer[:, ::-1].tolist()


def test_shares_of_single_precision_are_probabilities() -> None:
    """A sum of 0.9999998 is one; 0.9 is not."""
    assert shares_of("m", np.array([[0.2, 0.79999995]]), 2).shape == (1, 2)
    with pytest.raises(AdoptionRefused, match=r"the sum 0\.9"):
        shares_of("m", np.array([[0.2, 0.7]]), 2)


@pytest.mark.parametrize("answer", [np.zeros((3, 1)), [0, 0, 0], pd.DataFrame({"a": [0, 0, 0]}), {"a": [0, 0, 0]}])
def test_one_column_is_one_column_whatever_holds_it(answer: Any) -> None:
    """An array, a list, a frame and a dictionary of lists."""
    values, names = values_of("m", answer, 3)
    assert (values.shape, names) == ((3,), None)


def test_names_of_classes_are_spelled_as_the_rows_have_them() -> None:
    """Numpy's own types too."""
    assert spelled(np.array([True, False])) == ["true", "false"]
    assert spelled(np.array([1, 0])) == spelled([1.0, 0.0]) == ["1", "0"]
