"""Times of rows: future ones, unsorted ones, and rows that no window reaches."""

from __future__ import annotations

import pytest

from driftloop.monitoring.quality.times import in_no_window, times
from driftloop.monitoring.sources import Strays


@pytest.mark.parametrize(
    ("future", "in_order", "codes"),
    [
        (0, True, []),
        (3, True, ["future_time"]),
        (0, False, ["time_not_in_order"]),
        (3, False, ["future_time", "time_not_in_order"]),
    ],
)
def test_each_fault_is_a_finding(future: int, in_order: bool, codes: list[str]) -> None:
    """Rows of the future are counted; an unsorted source is a note, since the rows are sorted."""
    found = list(times(future, in_order))
    assert [one.code for one in found] == codes
    assert [one.observed for one in found if one.code == "future_time"] == [float(future)] * (future > 0)


def test_rows_that_no_window_reaches_are_reported() -> None:
    """Rows without a time and rows out of range are a finding each; rows of the future are not among them."""
    assert in_no_window(Strays(future=9)) == ()
    found = {one.code: one for one in in_no_window(Strays(timeless=1, outside=1200))}
    assert found["no_time"].message.startswith("1 row of the source has no time")
    assert found["time_out_of_range"].message.startswith("1,200 rows of the source have a time before 1678")
