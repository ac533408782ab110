"""A replayed training sees the labels that were known when its model would have been deployed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.backtest.label_times import label_times
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.selection import sampled
from tests import streams
from tests.streams import day

SPAN = Window(start=day(0), end=day(20))


def shop(folder: Path) -> Project:
    """Twenty days of rows in two files; labels come a day late, and every fifth is corrected five days later."""
    frame = streams.stream(days=20, a_day=30)
    frame.insert(0, "order_id", range(len(frame)))
    labels = pd.DataFrame(
        {"order": frame["order_id"], "known_at": frame["ts"] + timedelta(days=1), "outcome": frame["y"]}
    )
    again = labels.iloc[::5]
    again = again.assign(known_at=again["known_at"] + timedelta(days=5), outcome=again["outcome"] + 100)
    pd.concat([labels, again]).to_parquet(folder / "labels.parquet", index=False)
    place = {"path": "labels.parquet", "key": ["order"], "time": "known_at", "target": "outcome"}
    rows = frame.drop(columns="y").sample(frac=1, random_state=0)
    return load(streams.write(folder, rows, columns__id=["order_id"], labels=place))


@pytest.mark.parametrize("piece", [1 << 16, 41])
@pytest.mark.parametrize("late", [0, 2])
def test_labels_of_a_moment_are_those_of_a_read_at_that_moment(piece: int, late: int, tmp_path: Path) -> None:
    """Whatever was corrected or came later: the rows are as a read at the moment of the deployment gives them."""
    project = shop(tmp_path)
    fresh = read_fresh(Query(project, SPAN, tmp_path, now=day(30)), piece)
    times = label_times(project, fresh, sampled(fresh, 10**6, 0), SPAN, day(30))
    assert times is not None
    times = times.deployed(timedelta(days=late))
    for at in (3, 8.5, 14, 40):
        then = read_fresh(Query(project, SPAN, tmp_path, now=day(at + late))).frame
        pd.testing.assert_frame_equal(times.as_of(fresh.frame, "y", day(at)), then)


def test_drawn_rows_keep_their_own_labels(tmp_path: Path) -> None:
    """A sample of the rows, from a source out of order, has the labels that these rows have in a whole read."""
    project = shop(tmp_path)
    fresh = read_fresh(Query(project, SPAN, tmp_path, now=day(30)), 41)
    rows = sampled(fresh, 200, 0)
    assert rows.places is not None
    times = label_times(project, fresh, rows, SPAN, day(30))
    assert times is not None
    then = read_fresh(Query(project, SPAN, tmp_path, now=day(8.5))).frame.iloc[rows.places].reset_index(drop=True)
    pd.testing.assert_frame_equal(times.as_of(rows.frame, "y", day(8.5)), then)


def test_another_delay_is_another_digest(tmp_path: Path) -> None:
    """What was trained for one delay is not taken for another; labels among the rows have no times."""
    project = shop(tmp_path)
    fresh = read_fresh(Query(project, SPAN, tmp_path, now=day(30)))
    times = label_times(project, fresh, sampled(fresh, 10**6, 0), SPAN, day(30))
    assert times is not None
    assert times.digest() == times.deployed(timedelta()).digest() != times.deployed(timedelta(days=1)).digest()
    plain = load(streams.write(tmp_path / "plain", streams.stream(days=5)))
    fresh = read_fresh(Query(plain, SPAN, tmp_path / "plain"))
    assert label_times(plain, fresh, sampled(fresh, 10**6, 0), SPAN, day(30)) is None
