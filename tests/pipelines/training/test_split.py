"""Laws of the cut: nothing from the future is trained on, and nothing that was seen counts as unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.records import Window
from driftloop.pipelines.training.split import split, unseen

START = datetime(2026, 1, 1, tzinfo=UTC)
hours = st.integers(0, 100)


def frame_of(offsets: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"ts": pd.to_datetime([START + timedelta(hours=h) for h in offsets], utc=True)})


@given(st.lists(hours, max_size=30), hours, st.integers(0, 20))
def test_training_ends_a_gap_before_the_holdout_starts(offsets: list[int], cut: int, gap: int) -> None:
    """Each row is in the part its time states; rows in the gap are in none; both parts are in time order."""
    start = START + timedelta(hours=cut)
    train, holdout = split(frame_of(offsets), "ts", holdout_start=start, gap=timedelta(hours=gap))
    assert sorted(h for h in offsets if h < cut - gap) == [(t - START) / timedelta(hours=1) for t in train["ts"]]
    assert sorted(h for h in offsets if h >= cut) == [(t - START) / timedelta(hours=1) for t in holdout["ts"]]


def test_rows_without_a_time_are_in_neither_part() -> None:
    """A row that happened at no time can be neither before nor after."""
    frame = pd.DataFrame({"ts": pd.to_datetime(["2026-01-01", "NaT", "2026-01-03"], utc=True)})
    train, holdout = split(frame, "ts", holdout_start=datetime(2026, 1, 2, tzinfo=UTC))
    assert (train.index.tolist(), holdout.index.tolist()) == ([0], [2])


@given(st.lists(hours, max_size=30), st.lists(st.tuples(hours, st.integers(1, 50)), max_size=3))
def test_no_row_of_a_champions_window_is_left(offsets: list[int], spans: list[tuple[int, int]]) -> None:
    """A row stays exactly if it is in none of the windows; a window's end is not in it."""
    windows = [
        Window(start=START + timedelta(hours=first), end=START + timedelta(hours=first + length))
        for first, length in spans
    ]
    kept = unseen(frame_of(offsets), "ts", windows)
    expected = [h for h in offsets if not any(START + timedelta(hours=h) in window for window in windows)]
    assert [(t - START) / timedelta(hours=1) for t in kept["ts"]] == expected
