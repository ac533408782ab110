"""Laws of the columns that slices read."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.conditions import measurable, read_by


@pytest.mark.parametrize("where", ["avg(age) over () > 3", "(select 1) = 1", "sum(age) > 1", "age >", "1; 2", "*"])
def test_a_condition_reads_one_row(where: str) -> None:
    """A condition over several rows would depend on how many of them are in memory at a time."""
    with pytest.raises(BadExpression):
        read_by(Slice(name="one", where=where))


def test_a_slice_of_a_column_that_rows_lack_is_left_out_with_its_column() -> None:
    """Names are compared in any case; the other slices stay."""
    columns = Columns(time="ts", target="y", numeric=("age",), id=("order",))
    slices = (
        Slice(column="zone"),
        Slice(name="young", where="AGE < 25"),
        Slice(name="far", where="km > 3 and age > 1"),
    )
    assert measurable(slices, columns) == (slices[1:2], {"zone": "zone", "far": "km"})
