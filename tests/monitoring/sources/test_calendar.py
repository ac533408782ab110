"""Columns that only the time of a row determines."""

from __future__ import annotations

import pytest

from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources.calendar import calendar_columns


@pytest.mark.parametrize(
    ("derived", "calendar"),
    [
        ({"hour": "hour(TS)"}, {"hour"}),
        ({"month": "EXTRACT(MONTH FROM ts)", "winter": "month IN (12, 1, 2)"}, {"month", "winter"}),
        ({"age": "date_diff('day', born, ts)"}, set()),
        ({"rush": "hour(ts) > 7 AND zone = 'a'", "twice": "rush"}, set()),
        ({"one": "1"}, set()),
        ({"broken": "hour(ts"}, set()),
        ({}, set()),
    ],
)
def test_what_reads_the_time_alone_is_calendar(derived: dict[str, str], calendar: set[str]) -> None:
    """In any case of letters and through other derived columns; what reads another column too is not."""
    columns = Columns(time="ts", target="y", numeric=("n", *derived), derived=derived)
    assert calendar_columns(columns) == calendar
