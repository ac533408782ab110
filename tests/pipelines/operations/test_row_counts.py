"""Rows and labels are counted per window, as a check and a training run would read them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.errors import MissingLabelColumns
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.row_counts import counted, shortages
from tests import streams
from tests.streams import day, stream


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_rows_and_labels_are_those_of_the_windows(task: str, tmp_path: Path) -> None:
    """Counted in pandas from all rows, for numbers and classes."""
    frame = stream(35, task=task)
    times = pd.to_datetime(frame["ts"], utc=True)
    frame["y"] = frame["y"].where(times < pd.Timestamp(day(33)), None)
    config = load(streams.write(tmp_path, frame, task=task, columns__label_delay="2d"))
    windows = counted(config, day(35))
    assert [one.name for one in windows] == ["current", "labeled", "training", "holdout"]
    for one in windows:
        inside = (times >= pd.Timestamp(one.window.start)) & (times < pd.Timestamp(one.window.end))
        assert one.rows == inside.sum() > 0
        assert one.labels == (inside & frame["y"].notna()).sum()
    assert windows[0].labels < windows[0].rows
    assert shortages(config, windows) == []


def test_each_limit_that_is_not_reached_is_named_by_its_key(tmp_path: Path) -> None:
    """With the number of rows or labels and the minimum."""
    config = load(streams.write(tmp_path, stream(35).tail(40).assign(y=float("nan"))))
    short = dict(shortages(config, counted(config, day(35))))
    assert list(short) == ["preflight.min_rows", "training.min_rows", "gate.min_rows", "columns.label_delay"]
    assert short["preflight.min_rows"].startswith("40 rows in the current window, at least 50 are needed")


def test_labels_of_another_table_are_those_known_at_that_time(tmp_path: Path) -> None:
    """A label that becomes known later is not counted."""
    frame = stream(35).assign(order=lambda rows: range(len(rows)))
    frame.assign(known_at=pd.to_datetime(frame["ts"], utc=True) + pd.Timedelta(days=10)).to_csv(
        tmp_path / "outcomes.csv", columns=["order", "known_at", "y"], index=False
    )
    labels = {"path": "outcomes.csv", "key": ["order"], "time": "known_at"}
    config = load(streams.write(tmp_path, frame.drop(columns="y"), columns__id=["order"], labels=labels))
    current, _, training, _ = counted(config, day(35))
    assert (current.labels, current.rows > 0) == (0, True)
    times = pd.to_datetime(frame["ts"], utc=True)
    late = times >= pd.Timestamp(day(25))
    inside = (times >= pd.Timestamp(training.window.start)) & (times < pd.Timestamp(training.window.end))
    assert training.labels == (inside & ~late).sum()
    wrong = load(streams.write(tmp_path, columns__id=["order"], labels={**labels, "key": ["ordr"]}))
    with pytest.raises(MissingLabelColumns):
        counted(wrong, day(35))
