"""A history is cut as checks would have cut it; what is not a batch is reported."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import HistoryTooShort
from driftloop.pipelines.backtest.batches import cut, read_batches
from driftloop.pipelines.config.project import Project, load
from tests import streams
from tests.streams import day

WEEK = timedelta(days=7)


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**changes))


def frame(days: int = 140, a_day: int = 20) -> pd.DataFrame:
    return streams.stream(days=days, a_day=a_day)


def test_weeks_end_at_the_newest_whole_day() -> None:
    """Every batch is a week, the last one ends with the last whole day, and all rows within are in its span."""
    rows = frame()
    batches = cut(rows, project())
    assert batches.windows[-1].end == day(139)
    assert {window.length for window in batches.windows} == {WEEK}
    for window, start, stop in zip(batches.windows, batches.starts, batches.stops, strict=True):
        inside = (rows["ts"] >= window.start) & (rows["ts"] < window.end)
        assert rows.index[inside].tolist() == list(range(start, stop))
    assert batches.labelled.tolist() == (batches.stops - batches.starts).tolist()
    assert batches.length == WEEK


def test_the_first_model_has_a_full_window_but_no_more_than_a_fifth_is_given_for_it() -> None:
    """Three weeks of training: the third batch is the first at whose end they are full. A long window takes a fifth."""
    assert cut(frame(), project()).first == 2
    long = cut(frame(), project(training__window="100d"))
    assert (long.first, long.full) == (20 // 5, 14)
    assert cut(frame(), project(training__window="300d")).full == 20
    assert len(cut(frame(), project())) == 20 - 2


def test_time_passes_over_a_hole_and_over_thin_spans() -> None:
    """Forty days without rows, and a week with few, are no batches; the training windows stay spans of time."""
    rows = frame(days=240)
    rows = rows[(rows["ts"] < day(60)) | (rows["ts"] >= day(100))]
    thin = (rows["ts"] >= day(120)) & (rows["ts"] < day(135)) & (np.arange(len(rows)) % 10 > 0)
    batches = cut(rows[~thin].reset_index(drop=True), project())
    (note,) = batches.notes
    assert "spans of 7d with fewer than 50 rows (preflight.min_rows) are left out: 7" in note
    assert "the longest hole is 2026-03-06 to 2026-04-10" in note, "days 64 to 99, in whole spans"
    assert all((batches.stops - batches.starts) >= 50)


def test_a_row_of_a_wrong_year_costs_nothing() -> None:
    """One row of 1926 makes five thousand empty weeks, none of which is a batch."""
    rows = pd.concat([frame().head(1).assign(ts=day(-36_500)), frame()], ignore_index=True)
    assert len(cut(rows, project()).windows) == len(cut(frame(), project()).windows)


def test_labels_that_are_not_due_are_no_batch() -> None:
    """With a delay of ten days the last batch ends ten days earlier; unlabeled weeks before are reported."""
    rows = frame()
    late = cut(rows, project(columns__label_delay="10d"))
    assert late.windows[-1].end == day(129)
    lost = rows.assign(y=rows["y"].where((rows["ts"] < day(70)) | (rows["ts"] >= day(84))))
    batches = cut(lost, project())
    assert any("with fewer than 30 labeled rows are left out: " in note for note in batches.notes)
    assert len(batches.windows) < len(cut(rows, project()).windows)


def test_batches_of_rows_count_back_from_the_newest() -> None:
    """Each has exactly that many rows, the remainder is at the beginning, and no training row is of a later batch."""
    rows = frame()
    batches = cut(rows, project(), 150)
    assert set((batches.stops - batches.starts).tolist()) == {150}
    assert batches.stops[-1] == len(rows)
    assert batches.starts[0] == len(rows) % 150
    for window, stop in zip(batches.windows, batches.stops, strict=True):
        assert (rows["ts"] < window.end).sum() <= stop


def test_rows_of_one_moment_make_batches_too() -> None:
    """Where more rows than a batch has share a time, a window is still positive."""
    rows = frame().assign(ts=pd.to_datetime([day(n // 400) for n in range(len(frame()))]))
    assert all(window.end > window.start for window in cut(rows, project(), 150).windows)


@pytest.mark.parametrize(
    ("batch", "message", "remedy"),
    [
        (timedelta(days=20), "make 7 batches of 20d with at least 50 rows, of which the first 1", "--batch"),
        (1000, "make 2 batches of 1,000 rows", "--batch"),
        (timedelta(hours=1), "make 0 batches of 1h with at least 50 rows", "--batch"),
    ],
)
def test_too_short_a_history_states_what_is_needed(batch: timedelta | int, message: str, remedy: str) -> None:
    """How many there are, how many are needed, and a size of batch that makes enough of them; which it does."""
    with pytest.raises(HistoryTooShort) as caught:
        cut(frame(), project(), batch)
    assert message in caught.value.found
    assert caught.value.expected == "at least 10 batches to train and to score on"
    size = int(caught.value.remedy.split("--batch ")[1].split("`")[0])
    assert len(cut(frame(), project(), size)) >= 10


def test_a_handful_of_rows_needs_more_history() -> None:
    """Where no size of batch would do, none is proposed."""
    with pytest.raises(HistoryTooShort, match="gather more history"):
        cut(frame(days=5), project())


def test_rows_are_read_until_now(tmp_path: Path) -> None:
    """What is in the future of `now` is left out and reported; before the first row there is nothing."""
    file = load(streams.write(tmp_path, frame()))
    batches = read_batches(file, None, day(120))
    assert batches.windows[-1].end == day(119)
    assert batches.notes == ("rows after 2026-05-01 00:00 are skipped: they are in the future",)
    assert read_batches(file, None, datetime.fromisoformat("2030-01-01T00:00+00:00")).notes == ()
    with pytest.raises(HistoryTooShort, match="the first row is of 2026-01-01"):
        read_batches(file, None, day(-1))


def test_a_source_without_a_time_is_reported(tmp_path: Path) -> None:
    """Rows whose time is missing are in no batch."""
    file = load(streams.write(tmp_path, frame().assign(ts=pd.Series(pd.NaT, index=frame().index))))
    with pytest.raises(HistoryTooShort, match="no row with a time"):
        read_batches(file, None, day(1))
