"""Predictions of a model elsewhere become numbers or classes; one that cannot be used has a state, and no value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.rows.scored import (
    DISPUTED,
    NONE,
    NOT_FINITE,
    OUT_OF_RANGE,
    USABLE,
    WRONG_SUM,
    score_columns,
    scores,
)
from driftloop.monitoring.settings.predictions import SCORED, UNDECIDED


def config(task: str, **prediction: Any) -> Monitored:
    performance = {"performance": {"loss": "error_rate"}} if "label" in prediction else {}
    return Monitored.model_validate(
        {
            "model": "m",
            "task": task,
            "source": {"path": "rows.csv"},
            "columns": {"time": "ts", "target": "y", "id": "order_id", "numeric": ["fare"]},
            "predictions": {"source": {"path": "scored.csv"}, "id": "order", "time": "at", **prediction},
            **performance,
        }
    )


def joined(values: list[Any], undecided: list[bool] | None = None) -> pd.DataFrame:
    return pd.DataFrame({SCORED: values, UNDECIDED: undecided or [False] * len(values)})


def test_numbers_are_read_and_others_are_missing() -> None:
    """Other text and infinity are not finite; null is no prediction; a dispute hides the value."""
    raw = joined([1.5, "2.5", None, "oops", float("inf"), 3.0], [False] * 5 + [True])
    made = scores(raw, config("regression", prediction="score").predictions, "regression")
    assert made.states.tolist() == [USABLE, USABLE, NONE, NOT_FINITE, NOT_FINITE, DISPUTED]
    (values,) = made.columns.values()
    assert values.tolist()[:2] == [1.5, 2.5]
    assert values[2:].isna().all()
    assert made.examples == {NOT_FINITE: "oops"}


def test_a_probability_is_between_0_and_1() -> None:
    """One column of two classes."""
    made = scores(joined([0.0, 1.0, 1.2, -0.1]), config("binary", prediction="score").predictions, "binary")
    assert made.states.tolist() == [USABLE, USABLE, OUT_OF_RANGE, OUT_OF_RANGE]
    assert made.examples == {OUT_OF_RANGE: "1.2"}


def test_probabilities_of_many_classes_have_the_sum_1() -> None:
    """They come as one text, and go into a column for each class."""
    many = config("multiclass", prediction={"a": "pa", "b": "pb", "c": "pc"})
    made = scores(
        joined(["0.2|0.3|0.5", "0.2|0.3|0.4", "0.333|0.333|0.333", "x|0|1", "0.5|0.6|-0.1"]),
        many.predictions,
        "multiclass",
    )
    assert tuple(made.columns) == score_columns(many.predictions) == tuple(f"driftloop: score {name}" for name in "abc")
    assert made.states.tolist() == [USABLE, WRONG_SUM, USABLE, NOT_FINITE, OUT_OF_RANGE]
    assert [values[0] for values in made.columns.values()] == [0.2, 0.3, 0.5]
    assert made.examples[WRONG_SUM] == "0.2, 0.3, 0.4"


def test_labels_stay_names() -> None:
    """A whole number is spelled as the target is."""
    made = scores(joined([1.0, None, 0.0]), config("binary", label="answer").predictions, "binary")
    assert made.states.tolist() == [USABLE, NONE, USABLE]
    assert [value if isinstance(value, str) else None for value in made.columns["driftloop: score"]] == ["1", None, "0"]


def test_rows_without_the_column_have_no_prediction() -> None:
    """Rows that were read without predictions."""
    made = scores(
        pd.DataFrame({"fare": [1.0, 2.0]}), config("regression", prediction="score").predictions, "regression"
    )
    assert made.states.tolist() == [NONE, NONE]
    assert np.isnan(next(iter(made.columns.values()))).all()


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_model_that_is_here_has_no_such_columns(task: str) -> None:
    """Its predictions are made."""
    plain = config(task, prediction="score").model_dump(mode="json", exclude={"predictions"})
    assert score_columns(Monitored.model_validate(plain).predictions) == ()
