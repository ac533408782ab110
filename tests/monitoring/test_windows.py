"""Windows are cut from `now` the same way every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import TimeOutOfRange
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.windows import Windows
from driftloop.monitoring.windows import align, current_window, inside, labelled_window, training_window

moments = st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=400))


@given(moments, spans)
def test_aligning_rounds_down_and_only_once(moment: datetime, step: timedelta) -> None:
    """An aligned moment is never later than the moment, less than a step earlier, and stays where it is."""
    aligned = align(moment, step)
    assert moment - step < aligned <= moment
    assert align(aligned, step) == aligned


@given(moments, spans, st.none() | spans)
def test_the_current_window_ends_now_and_is_as_long_as_asked(
    now: datetime, span: timedelta, step: timedelta | None
) -> None:
    """No fresh row is in the future, and the window has exactly the configured length."""
    window = current_window(now, Windows(current=span, align=step))
    assert window.end <= now
    assert window.length == span


@given(moments, spans, st.timedeltas(timedelta(), timedelta(days=3)))
def test_two_checks_within_a_step_see_the_same_window(now: datetime, step: timedelta, later: timedelta) -> None:
    """The window moves only when a whole step has passed, and never back."""
    windows = Windows(current="7d", align=step)
    first, second = current_window(now, windows), current_window(now + later, windows)
    assert second.start >= first.start
    assert (first == second) == (align(now, step) == align(now + later, step))


@pytest.mark.parametrize(
    ("current", "end"),
    [("7d", "12-31 00:00:00"), ("36h", "12-31 23:00:00"), ("90m", "12-31 23:58:00"), ("90s", "12-31 23:58:59")],
)
def test_the_step_follows_from_the_length(current: str, end: str) -> None:
    """Whole days end at midnight, whole hours on the hour, whole minutes on the minute, the rest on the second."""
    now = datetime(2026, 12, 31, 23, 58, 59, 999999, tzinfo=UTC)
    assert f"{current_window(now, Windows(current=current)).end:%m-%d %H:%M:%S}" == end


@given(moments, spans, st.timedeltas(timedelta(), timedelta(days=90)), spans)
def test_rows_to_learn_from_have_their_labels(
    now: datetime, current: timedelta, delay: timedelta, span: timedelta
) -> None:
    """A row is labeled or trained on only when its label was due by the end of the current window."""
    window = current_window(now, Windows(current=current))
    labelled, training = labelled_window(window, delay), training_window(window, delay, span)
    assert labelled.end + delay == training.end + delay == window.end
    assert labelled.length == window.length
    assert training.length == span


def test_there_is_no_window_before_the_calendar() -> None:
    """A moment or a span that leads before the year 1 is reported as such, whichever window asks."""
    early = Window(start=datetime(1, 1, 2), end=datetime(1, 1, 3))
    with pytest.raises(TimeOutOfRange, match=r"a window of 7d before 0001-01-02.*would begin before the year 1"):
        current_window(datetime(1, 1, 2), Windows(current=timedelta(days=7)))
    with pytest.raises(TimeOutOfRange):
        labelled_window(early, timedelta(days=2))
    with pytest.raises(TimeOutOfRange):
        training_window(early, timedelta(), timedelta(days=21))


def test_labels_without_delay_make_the_current_window_the_labeled_one() -> None:
    """Without a delay the rows that are judged for drift are those judged for loss."""
    window = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    assert labelled_window(window, timedelta()) == window


@given(st.lists(moments, max_size=20), moments, spans)
def test_the_rows_inside_are_those_whose_time_is_in_the_window(
    times: list[datetime], start: datetime, span: timedelta
) -> None:
    """Rows are cut as moments are: the start belongs to the window, the end does not, a row without a time never."""
    window = Window(start=start, end=start + span)
    tried = [*times, window.start, window.end]
    column = pd.Series([*tried, None], dtype="datetime64[us, UTC]")
    assert inside(column, window).tolist() == [*(moment in window for moment in tried), False]
