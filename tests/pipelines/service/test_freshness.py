"""The age of the newest row is known between checks: at intervals, from the source, in health and metrics."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.config.project import load
from driftloop.pipelines.service.freshness import RowAge
from driftloop.pipelines.service.health import health
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.telemetry.metrics import metrics
from tests import streams
from tests.outcomes import made
from tests.streams import day, stream

FRAME = stream(5, a_day=20)


def watched(folder: Path, **changes: Any) -> Watched:
    return Watched(load(streams.write(folder, FRAME, **changes)), day(8))


def test_the_source_is_looked_at_ten_times_within_the_limit(tmp_path: Path) -> None:
    """Never more often than every five seconds, at least every hour, and not at all without a limit."""
    for limit, expected in (("2h", 12 * 60), ("10s", 5), ("30d", 3600)):
        one, age = watched(tmp_path, preflight__max_silence=limit), RowAge()
        assert age.due(one.project, day(9))
        assert not age.due(one.project, day(9) + timedelta(seconds=expected - 1))
        assert age.due(one.project, day(9) + timedelta(seconds=expected))
    assert not RowAge().due(watched(tmp_path).project, day(9))
    assert RowAge().look(watched(tmp_path).project, day(9)) is None


def test_new_rows_end_the_silence(tmp_path: Path) -> None:
    """The same newest row is the same notification; health and metrics have the age before the first check."""
    one = watched(tmp_path, preflight__max_silence="2h")
    first, second = (one.age.look(one.project, day(at)) for at in (7, 8))
    assert first is not None
    assert second is not None
    assert (first.kind, first.key) == (second.kind, second.key)
    status = one.status(running_since=None, waits=False, due=None, broken=None)
    assert status.problem == one.age.stale is not None
    code, body = health([status], [], day(8))
    assert (code, body["status"], body["degraded"]) == (200, "degraded", ["made"])
    text = metrics([status], day(8)).decode()
    assert 'driftloop_rows_stale{model="made"} 1.0' in text
    assert 'driftloop_newest_row_timestamp_seconds{model="made"} 1.7' in text

    assert one.age.look(one.project, FRAME["ts"].iloc[-1].to_pydatetime()) is None
    status = one.status(running_since=None, waits=False, due=None, broken=None)
    assert status.problem is None
    assert 'driftloop_rows_stale{model="made"} 0.0' in metrics([status], day(8)).decode()


def test_a_check_updates_the_age(tmp_path: Path) -> None:
    """A check without the limit leaves the age unknown; removing the limit ends the status."""
    one = watched(tmp_path, preflight__max_silence="2h")
    one.age.checked(made())
    assert not one.age.known
    one.age.checked(made(newest_row=day(3)))
    assert (one.age.known, one.age.newest, one.age.stale) == (True, day(3), None)
    one.take(load(streams.write(tmp_path)))
    status = one.status(running_since=None, waits=False, due=None, broken=None)
    assert "driftloop_rows_stale{" not in metrics([status], day(8)).decode()


@pytest.mark.parametrize("kind", ["parquet", "sqlite", "csv", "zoned"])
def test_the_newest_row_up_to_now_counts(kind: str, tmp_path: Path) -> None:
    """Rows of the future do not hide that none arrives, whatever the engine and the type of the time."""
    changes: dict[str, Any] = {"preflight__max_silence": "2h"}
    if kind == "csv":
        FRAME.to_csv(tmp_path / "rows.csv", index=False)
        changes["source"] = {"path": "rows.csv"}
    if kind == "zoned":
        FRAME.assign(ts=FRAME["ts"].dt.tz_convert("Asia/Tokyo").astype(str)).to_csv(tmp_path / "rows.csv", index=False)
        changes["source"] = {"path": "rows.csv"}
    if kind == "sqlite":
        with closing(sqlite3.connect(tmp_path / "rows.db")) as open_:
            FRAME.assign(ts=FRAME["ts"].astype(str)).to_sql("rows", open_, index=False)
        changes["source"] = {"url": "sqlite:///rows.db", "table": "rows"}
    one = watched(tmp_path, **changes)
    assert one.age.look(one.project, day(3)) is None
    newest = FRAME["ts"][FRAME["ts"] <= day(3)].iloc[-1]
    assert one.age.newest is not None
    assert abs(one.age.newest - newest) < timedelta(seconds=1)
    assert one.age.look(one.project, day(0)) is not None
    assert one.age.newest is None
