"""A database with one table, as each engine keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from driftloop.monitoring.settings.source import Source
from tests.servers.postgres import Postgres

TIMES = [
    "2025-12-31 23:59:59.999",
    "2026-01-07 23:59:59.999",
    "2026-01-01 00:00:00",
    "2026-01-08 00:00:00",
    None,
]


@pytest.fixture
def shop(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Source]:
    """Runs statements in a place of its own on a PostgreSQL server; gives the table `trips` there as a source."""
    place = postgres.place()
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)

    def source(*statements: str, **more: str) -> Source:
        for statement in statements:
            postgres.execute(statement, place)
        return Source(url=postgres.url(place, password="${SHOP_PASSWORD}"), **{"table": "trips", **more})

    return source


@pytest.fixture(params=["sqlite", "duckdb", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """A table `trips` with one row before, two in and one after the week, and one without a time."""
    if request.param == "postgres":
        rows = ", ".join(f"({ts!r}, {fare}, 'a', 1, 'x')" for fare, ts in enumerate(TIMES)).replace("None", "NULL")
        made: Source = request.getfixturevalue("shop")(
            "CREATE TABLE trips (ts TIMESTAMP, fare DOUBLE PRECISION, kind TEXT, y INTEGER, spare TEXT)",
            f"INSERT INTO trips VALUES {rows}",
        )
        return made
    file = tmp_path / "rel.db"
    opened = sqlite3.connect(file) if request.param == "sqlite" else duckdb.connect(str(file))
    with closing(opened) as con:
        con.execute("CREATE TABLE trips (ts TIMESTAMP, fare DOUBLE, kind TEXT, y INTEGER, spare TEXT)")
        for fare, ts in enumerate(TIMES):
            con.execute("INSERT INTO trips VALUES (?, ?, 'a', 1, 'x')", (ts, float(fare)))
        con.commit()
    return Source(url=f"{request.param}:///rel.db", table="trips")
