"""Ids and labels of rows are counted alike in whatever pieces the rows come."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from tests import streams
from tests.streams import day

SPAN = Window(start=day(0), end=day(10))
DUE = Window(start=day(0), end=day(6))


def shop(folder: Path) -> Project:
    """Ten days of rows; each label a day late, that of every tenth row missing, and some things wrong."""
    frame = streams.stream(days=10, a_day=40)
    frame.insert(0, "order_id", range(1000, 1000 + len(frame)))
    labels = pd.DataFrame(
        {"order": frame["order_id"], "known_at": frame["ts"] + timedelta(days=1), "outcome": frame["y"]}
    )
    again = labels.iloc[[3]].assign(outcome=99.0)  # at the same moment
    labels = pd.concat([labels.iloc[[at for at in range(len(labels)) if at % 10]], again])
    labels.iloc[0, 1] = day(-1)
    frame["order_id"] = frame["order_id"].astype("Int64")
    frame.loc[5, "order_id"] = None
    frame.loc[7, "order_id"] = 1006
    labels.to_parquet(folder / "labels.parquet", index=False)
    changes = {
        "columns__id": ["order_id"],
        "labels": {"path": "labels.parquet", "key": ["order"], "time": "known_at", "target": "outcome"},
    }
    return load(streams.write(folder, frame.drop(columns="y"), **changes))


@pytest.mark.parametrize("piece", [1 << 16, 37])
def test_what_is_wrong_is_counted(piece: int, tmp_path: Path) -> None:
    """Rows without id, repeated ids, disputed and early labels, rows without a label: each with its number."""
    project = shop(tmp_path)
    fresh = read_fresh(Query(project, SPAN, tmp_path, now=day(10)), piece)
    assert fresh.joined is not None
    found = fresh.joined.counted(DUE)
    rows, due = fresh.count(SPAN), fresh.count(DUE)
    assert (found.rows, found.keyless, found.repeated, found.disputed, found.early) == (rows, 1, 2, 1, 1)
    assert found.due == due
    labels = fresh.frame["y"][(fresh.frame["ts"] < DUE.end)]
    assert found.unlabeled == labels.isna().sum()
    assert dict(found.examples or {})["disputed"] == ["1003"]


def test_coverage_and_delay(tmp_path: Path) -> None:
    """Coverage is of the rows that are due; a delay of a day is one of 1.0 days; later labels are not known yet."""
    project = shop(tmp_path)
    fresh = read_fresh(Query(project, SPAN, tmp_path, now=day(10)))
    assert fresh.joined is not None
    status = fresh.joined.status(DUE)
    assert status.rows == fresh.count(DUE)
    assert status.coverage == pytest.approx(0.9, abs=0.02)
    assert status.delay_median_days == pytest.approx(1.0)
    assert status.delay_p95_days == pytest.approx(1.0)
    early = read_fresh(Query(project, SPAN, tmp_path, now=day(4)))
    assert early.frame["y"][early.frame["ts"] > pd.Timestamp(day(3))].isna().all()
    assert early.digest != fresh.digest


def test_rows_without_labels_are_read_without_their_table(tmp_path: Path) -> None:
    """A prediction needs no label: their table need not even be there."""
    project = shop(tmp_path)
    (tmp_path / "labels.parquet").unlink()
    assert read_fresh(Query(project, SPAN, tmp_path, labels=False)).frame["y"].isna().all()
