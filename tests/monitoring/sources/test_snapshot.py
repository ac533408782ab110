"""Several statements see one state of a PostgreSQL table, and one that fails takes nothing from the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.snapshot import Snapshot, snapshot
from tests.tables import WEEK, columns

Shop = Callable[..., Source]
TRIPS = "CREATE TABLE trips (ts timestamptz, fare numeric(9, 2), kind text, y int)"
ROW = "INSERT INTO trips VALUES ('2026-01-02 00:00+00', 1.25, 'a', 1)"


def count(view: Snapshot) -> int:
    return int(view.fetch(f"SELECT count(*) AS n FROM {view.inside(WEEK)}")["n"].iloc[0])


def test_rows_that_come_meanwhile_are_not_seen(shop: Shop, tmp_path: Path) -> None:
    """Counts and rows are those of the first statement, whatever is written and deleted after it."""
    source = shop(TRIPS, ROW, ROW)
    with snapshot(source, columns(), tmp_path) as view:
        assert view is not None
        assert count(view) == 2
        shop(ROW, ROW, "UPDATE trips SET fare = 99")
        assert count(view) == 2
        (frame,) = view.frames(WEEK, ["ts", "fare"], "fare < 50", 10)
        assert frame["fare"].tolist() == [1.25, 1.25]
    with snapshot(source, columns(), tmp_path) as view:
        assert view is not None
        assert count(view) == 4


def test_a_statement_that_fails_leaves_the_view(shop: Shop, tmp_path: Path) -> None:
    """After an error the same state of the table is asked on."""
    source = shop(TRIPS, ROW)
    with snapshot(source, columns(), tmp_path) as view:
        assert view is not None
        assert count(view) == 1
        shop(ROW)
        with pytest.raises(EngineError, match="division by zero"):
            view.fetch(f"SELECT 1 / (y - 1) AS n FROM {view.inside(WEEK)}")
        assert count(view) == 1


def test_a_view_knows_types_and_times(shop: Shop, tmp_path: Path) -> None:
    """Types are those of the columns as they are read, derived ones among them; a table without rows has no view."""
    source = shop(TRIPS)
    with snapshot(source, columns(), tmp_path) as view:
        assert view is None
    shop(ROW)
    derived = columns(derived={"late": "y > 0", "half": "fare::float8 / 2"}, numeric=("fare", "half", "late"))
    with snapshot(source, derived, tmp_path) as view:
        assert view is not None
        found = view.types(["ts", "fare", "kind", "y", "late", "half"])
        assert list(found.values()) == ["moment", "decimal", "text", "integer", "boolean", "float"]
        early = view.inside(WEEK, view.before(datetime(2026, 1, 2)))
        assert view.fetch(f"SELECT count(*) AS n FROM {early}")["n"].tolist() == [0]
