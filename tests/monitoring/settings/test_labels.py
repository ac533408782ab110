"""Mistakes in the section of labels are refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.monitoring.config import Monitored

GOOD: dict[str, Any] = {
    "model": "m",
    "task": "regression",
    "source": {"path": "rows.csv"},
    "columns": {"time": "ts", "target": "y", "id": "order_id", "numeric": ["fare"]},
    "labels": {"path": "labels.csv", "key": "order", "time": "known_at", "target": "outcome"},
}


def test_one_name_is_a_list_of_one() -> None:
    """An id and a key of one column may be written without a list."""
    made = Monitored.model_validate(GOOD)
    assert made.labels is not None
    assert (made.columns.id, made.labels.key) == (("order_id",), ("order",))


@pytest.mark.parametrize(
    ("columns", "labels", "named"),
    [
        ({"id": []}, {}, "columns.id"),
        ({"id": ["a", "b"]}, {}, "labels.key"),
        ({"id": ["a", "a"]}, {"key": ["b", "c"]}, "id"),
        ({"id": ["y"]}, {}, "the target"),
        ({"id": ["prediction"]}, {}, "prediction"),
        ({"derived": {"y": "fare"}}, {}, "columns.derived.y"),
        ({"types": {"y": "number"}}, {}, "columns.types.y"),
        ({}, {"time": "order"}, "order"),
        ({}, {"key": ["order", "order"]}, "order"),
        ({}, {"path": "labels.txt"}, "names no format"),
        ({}, {"url": "sqlite:///a.db"}, "path"),
    ],
)
def test_what_cannot_be_joined_is_refused(columns: dict[str, Any], labels: dict[str, Any], named: str) -> None:
    """Keys that do not fit the id, a target that is made of rows, names of two things."""
    made = GOOD | {"columns": GOOD["columns"] | columns, "labels": GOOD["labels"] | labels}
    with pytest.raises(ValidationError) as caught:
        Monitored.model_validate(made)
    assert named in str(caught.value.errors()[0]["ctx"])


def test_rows_are_read_without_the_target() -> None:
    """With labels apart the source of the rows need not have the target; without them it must."""
    made = Monitored.model_validate(GOOD)
    assert made.reading.in_rows == ("ts", "order_id", "fare")
    assert made.columns.in_rows == ("ts", "order_id", "fare", "y")
    assert made.reading.without_labels.labels is None
