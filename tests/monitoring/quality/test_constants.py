"""Columns with a single value."""

from __future__ import annotations

import pytest

from driftloop.monitoring.quality.constants import constants
from driftloop.monitoring.quality.tally import Counted
from tests.counted import categorical, numeric


def test_a_column_that_varied_and_no_longer_does_is_found() -> None:
    """The finding has the value as it is written, and how many there were."""
    (number,) = constants(Counted(rows=9, only=0.5), numeric())
    (text,) = constants(Counted(rows=9, only="rome"), categorical())
    assert (number.code, number.severity, number.column) == ("constant", "warning", "fare")
    assert "the single value 0.5; the reference has 50 different values" in number.message
    assert "the single value 'rome'" in text.message


@pytest.mark.parametrize(
    ("values", "distinct"),
    [
        (Counted(rows=9, only=0.5, varied=True), 50),
        (Counted(rows=1, only=0.5), 50),
        (Counted(rows=9, nulls=8, only=0.5), 50),
        (Counted(rows=9, nulls=9), 50),
        (Counted(rows=9, only=0.5), 1),
    ],
    ids=["varied", "one row", "one value", "no value", "constant before"],
)
def test_no_finding_where_one_value_proves_nothing(values: Counted, distinct: int) -> None:
    """One row is one value by nature, and a column that was constant before has not changed."""
    assert list(constants(values, numeric(distinct=distinct))) == []
