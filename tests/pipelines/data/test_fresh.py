"""Canonical rows of a span: cut by time, named by their content."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data import spool
from driftloop.pipelines.data.fresh import content_digest, read_fresh
from driftloop.pipelines.data.query import Query
from tests import streams
from tests.streams import day


def test_the_rows_of_a_span_are_read_canonical(tmp_path: Path) -> None:
    """Just the rows within the span, in order of time, whatever the order of the source; the digest is theirs."""
    frame = streams.stream(days=10)
    project = load(streams.write(tmp_path, frame.sample(frac=1, random_state=0)))
    window = Window(start=day(2), end=day(5))
    fresh = read_fresh(Query(project, window, project.folder))
    expected = frame[(frame["ts"] >= day(2)) & (frame["ts"] < day(5))]
    assert fresh.frame["y"].tolist() == expected["y"].tolist()
    assert not fresh.in_order
    assert fresh.digest == content_digest(fresh.frame)
    first = Window(start=day(2), end=day(3))
    assert fresh.count(first) == (expected["ts"] < day(3)).sum()
    assert fresh.digest_of(first) == content_digest(fresh.frame[fresh.frame["ts"] < day(3)])


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_read_in_pieces_are_the_same_rows(
    kind: str, shuffled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are in memory at a time: the same rows, digest, findings, counts; if shuffled they wait on disk."""
    if shuffled:
        monkeypatch.setattr(spool, "HELD", 100)
    frame = streams.stream(days=10)
    frame.loc[::7, ["city", "amount"]] = None
    frame = pd.concat([frame.sample(frac=1, random_state=0) if shuffled else frame, frame.tail(30)])
    project = load(streams.write(tmp_path, frame))
    if kind == "sqlite":
        with closing(sqlite3.connect(tmp_path / "rows.db")) as open_:
            frame.assign(ts=frame["ts"].astype(str)).to_sql("rows", open_, index=False)
        source = Source(url=f"sqlite:///{tmp_path / 'rows.db'}", table="rows")
        project = project.model_copy(update={"source": source})
    window, last = Window(start=day(2), end=day(99)), Window(start=day(8), end=day(99))
    whole, parts = (read_fresh(Query(project, window, tmp_path), piece) for piece in (1 << 18, 37))
    assert len(list(parts.pieces())) > 10
    pd.testing.assert_frame_equal(parts.frame, whole.frame)
    assert (parts.digest, parts.findings, parts.in_order) == (whole.digest, whole.findings, whole.in_order)
    assert parts.digest_of(last) == whole.digest_of(last)
    assert parts.count(last) == whole.count(last) == (frame["ts"] >= day(8)).sum()
    assert parts.repeated_share(last) == whole.repeated_share(last) == pytest.approx(30 / parts.count(last))


def test_no_rows_are_one_piece(tmp_path: Path) -> None:
    """A span without rows gives one empty piece with the columns, and a digest."""
    project = load(streams.write(tmp_path, streams.stream(days=3)))
    empty = read_fresh(Query(project, Window(start=day(50), end=day(60)), tmp_path))
    (piece,) = empty.pieces()
    assert (len(piece), "amount" in piece, empty.count(Window(start=day(0), end=day(99)))) == (0, True, 0)
    assert empty.digest == content_digest(empty.frame)
    assert empty.repeated_share(Window(start=day(0), end=day(99))) == 0.0


def test_a_digest_names_the_content_whatever_the_order() -> None:
    """Shuffled rows have the same name; one other value or column name gives another."""
    frame = streams.stream(days=2)
    same = content_digest(frame)
    assert content_digest(frame.sample(frac=1, random_state=0)) == same
    assert content_digest(frame.assign(y=frame["y"].where(frame.index > 0, 0.0))) != same
    assert content_digest(frame.rename(columns={"y": "z"})) != same
