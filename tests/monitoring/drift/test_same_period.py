"""Span of the same period of an earlier year, and when it can be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.same_period import reached_at, same_period, unusable
from driftloop.monitoring.drift.settings import refuse_short, whole
from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.profiles import first
from driftloop.monitoring.records import Window

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
NOW = datetime(2026, 6, 8, tzinfo=UTC)


@pytest.mark.parametrize("length", [DAY, WEEK, 4 * WEEK, timedelta(hours=6)])
@pytest.mark.parametrize("period", [timedelta(days=365), timedelta(days=366), 52 * WEEK, timedelta(days=730)])
def test_the_window_a_period_ago_is_in_the_middle_and_weekdays_match(length: timedelta, period: timedelta) -> None:
    """Nine windows, in blocks that begin on the weekday of the current window, and all before it."""
    window = Window(start=NOW - length, end=NOW)
    span = same_period(window, period)
    assert span.length == 9 * length
    assert (window.end - (span.end - 4 * length)) % WEEK == timedelta()
    assert abs(window.end - (span.end - 4 * length) - period) <= WEEK / 2
    assert span.end <= window.start


def test_the_history_reaches_the_period_from_the_reported_moment_on() -> None:
    """At that moment the span begins at the first row; a window earlier it begins before."""
    begin, period = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=365)
    end = reached_at(begin, WEEK, period)
    assert same_period(Window(start=end - WEEK, end=end), period).start == begin


def test_a_period_that_reaches_into_the_current_window_is_refused() -> None:
    """Five windows are the least; the message names them and the key."""
    refuse_short(35 * DAY, WEEK)
    refuse_short(5 * DAY, DAY)
    for period, current in ((28 * DAY, WEEK), (4 * DAY, DAY), (365 * DAY, 91 * DAY)):
        with pytest.raises(ValidationProblem, match="five times") as caught:
            refuse_short(period, current)
        assert caught.value.key == "drift.reference.same_period"
    assert whole(timedelta(hours=30)) == timedelta(hours=30)


def test_too_few_windows_cannot_be_compared_with() -> None:
    """Four windows with rows can be used, three cannot, however many rows they have; nor can no rows."""
    span = same_period(Window(start=NOW - WEEK, end=NOW), timedelta(days=365))
    frame = pd.DataFrame({"x": np.arange(900.0)})
    for windows, usable in ((4, True), (3, False)):
        reason = unusable(first(frame, {"x": "numeric"}, np.arange(900) % windows), span)
        assert (reason is None) == usable
    assert "900 rows in 2025-05-05 to 2025-07-07" in str(reason)
    assert "no rows" in str(unusable(None, span))
