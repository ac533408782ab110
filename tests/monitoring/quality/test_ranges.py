"""Numbers outside the reference's range."""

from __future__ import annotations

import pytest

from driftloop.monitoring.quality.ranges import ranges
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from tests.counted import numeric

LIMITS = Preflight(max_out_of_range_share=0.05)


@pytest.mark.parametrize(("outside", "nulls", "share"), [(0, 0, None), (5, 0, None), (6, 0, 0.06), (5, 50, 0.1)])
def test_the_share_of_the_values_is_limited(outside: int, nulls: int, share: float | None) -> None:
    """At the limit nothing is found; the share is of rows with a value, and the message has the range."""
    found = list(ranges(Counted(rows=100, nulls=nulls, outside=outside), numeric(), LIMITS))
    assert [one.observed for one in found] == ([] if share is None else [share])
    for finding in found:
        assert (finding.code, finding.severity, finding.column) == ("out_of_range", "warning", "fare")
        assert "outside the reference's range of 0 to 10" in finding.message


@pytest.mark.parametrize("column", [numeric(low=None), numeric(high=None)])
def test_without_a_range_nothing_is_outside(column: object) -> None:
    """A reference that had no value has no range, and rows without values have nothing to compare."""
    assert list(ranges(Counted(rows=100, outside=100), column, LIMITS)) == []  # type: ignore[arg-type]
    assert list(ranges(Counted(rows=100, nulls=100), numeric(), LIMITS)) == []
