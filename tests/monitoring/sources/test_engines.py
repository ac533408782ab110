"""Databases are found, read and never changed; the engine is asked for no more than is needed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from driftloop.monitoring.errors import NotATime, SourceMissing, SourceUnreadable
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, timecolumn
from driftloop.monitoring.sources.opening import opened
from tests.tables import WEEK, columns, parquet, trips


@pytest.mark.parametrize("database", ["sqlite", "duckdb"], indirect=True)
def test_database_urls_may_be_relative_or_absolute(
    database: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database file is found from the YAML's folder, whatever the current one, or by its absolute path."""
    monkeypatch.chdir("/")
    engine = str(database.url).partition(":")[0]
    for url in (
        f"{engine}://rel.db",
        f"{engine}:///rel.db",
        f"{engine}://{tmp_path}/rel.db",
        f"{engine}:///{tmp_path}/rel.db",
    ):
        assert count_rows(Source(url=url, table="main.trips"), columns(), WEEK, tmp_path) == 2


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    """Reading leaves no trace: a database that is not there stays unavailable."""
    for url in ("sqlite:///no.db", "duckdb://no.db", "sqlite://"):
        with pytest.raises(SourceMissing, match="no database file"):
            count_rows(Source(url=url, table="trips"), columns(), WEEK, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_table_is_reported_with_those_there_are(database: Source, tmp_path: Path) -> None:
    """A wrong table name is answered with the right ones."""
    with pytest.raises(SourceMissing, match="no such table; the database has 'trips'"):
        count_rows(database.model_copy(update={"table": "rides"}), columns(), WEEK, tmp_path)


def test_a_table_of_another_schema_is_read(tmp_path: Path) -> None:
    """schema.table leads to that table, and a view counts as one."""
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute("CREATE SCHEMA lake; CREATE TABLE lake.base AS SELECT DATE '2026-01-02' ts, 1 fare, 'a' kind, 1 y")
        con.execute("CREATE VIEW lake.trips AS SELECT * FROM lake.base")
    assert count_rows(Source(url="duckdb://x.duckdb", table="lake.trips"), columns(), WEEK, tmp_path) == 1
    with pytest.raises(SourceMissing, match=r"'lake\.base', 'lake\.trips'"):
        count_rows(Source(url="duckdb://x.duckdb", table="trips"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_unreadable(tmp_path: Path, engine: str) -> None:
    """A database file with other content is a broken source, not a missing one."""
    (tmp_path / "junk.db").write_bytes(b"this is no database at all. " * 500)
    with pytest.raises(SourceUnreadable):
        count_rows(Source(url=f"{engine}:///junk.db", table="trips"), columns(), WEEK, tmp_path)


def test_sqlite_values_of_any_type_come_through(tmp_path: Path) -> None:
    """SQLite holds what it was given: text among integers is read, and a number among times is refused."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute("CREATE TABLE trips (ts DATETIME, fare INTEGER, kind BOOLEAN, y DECIMAL(10, 2))")
        con.execute("INSERT INTO trips VALUES ('2026-01-02T10:00:00', 'n/a', 1, 2.5), ('2026-01-03', 5, NULL, 1)")
        con.commit()
        source = Source(url="sqlite:///x.db", table="trips")
        frame = read_rows(source, columns(), WEEK, tmp_path).frame
        assert frame["fare"].tolist() == ["n/a", 5]
        assert frame["y"].tolist() == [2.5, 1.0]
        con.execute("INSERT INTO trips VALUES (1767225600, 1, 1, 1)")
        con.commit()
        with pytest.raises(NotATime, match="1767225600"):
            count_rows(source, columns(), WEEK, tmp_path)


def test_the_window_reaches_the_scan(tmp_path: Path) -> None:
    """The engine's plan shows it: SQLite uses an index on text times, DuckDB filters and projects in the scan."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute("CREATE TABLE trips (ts TEXT, fare REAL, kind TEXT, y INTEGER)")
        con.execute("CREATE INDEX by_time ON trips (ts)")
    config = columns(derived={"z": "fare * 2"}, filter="z > 1")
    with opened(Source(url="sqlite:///x.db", table="trips"), tmp_path, config) as relation:
        within = timecolumn.within_sql(relation, config, WEEK, "text")
        plan = relation.fetch(f"EXPLAIN QUERY PLAN SELECT ts FROM {within}")
    assert "USING INDEX by_time" in plan["detail"][0]
    many = trips(rows=30) | {f"spare{at}": [at] * 30 for at in range(20)}
    with opened(parquet(tmp_path, **many), tmp_path, config) as relation:
        within = timecolumn.within_sql(relation, config, WEEK, "naive")
        plan = relation.engine.con.raw_sql(f"EXPLAIN SELECT ts, z FROM {within}").fetchall()[0][1]
    scan = plan[plan.upper().rindex("PARQUET") :]
    assert "spare" not in plan
    assert "Filters" in scan
    assert "2026-01-08" in scan
