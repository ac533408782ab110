"""A database with one table, as each engine keeps it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from monitoring.config import Source


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """A table `trips` with one row before, two in and one after the week, and one without a time."""
    file = tmp_path / "rel.db"
    opened = sqlite3.connect(file) if request.param == "sqlite" else duckdb.connect(str(file))
    with closing(opened) as con:
        con.execute("CREATE TABLE trips (ts TIMESTAMP, fare DOUBLE, kind TEXT, y INTEGER, spare TEXT)")
        times = [
            "2025-12-31 23:59:59.999",
            "2026-01-07 23:59:59.999",
            "2026-01-01 00:00:00",
            "2026-01-08 00:00:00",
            None,
        ]
        for fare, ts in enumerate(times):
            con.execute("INSERT INTO trips VALUES (?, ?, 'a', 1, 'x')", (ts, float(fare)))
        con.commit()
    return Source(url=f"{request.param}:///rel.db", table="trips")
