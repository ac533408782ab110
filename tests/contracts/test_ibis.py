"""Undocumented attributes of ibis that `monitoring/sources/engines/ibis_parts.py` uses, and where an upgrade shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.sources.engines.ibis_parts import native, type_name

CONNECTION = "ibis no longer has Backend.con: ibis_parts.native must get the driver's connection elsewhere"
TYPES = "ibis no longer has Backend.compiler.type_mapper: ibis_parts.type_name must name types in another way"


@pytest.fixture(params=["duckdb", "sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    import ibis

    made = getattr(ibis, request.param).connect(str(tmp_path / "rows.db"))
    yield made
    made.disconnect()


def test_the_drivers_connection_is_reached(backend: Any) -> None:
    """The driver's connection sees the tables of the backend, and takes statements of its own."""
    backend.raw_sql("CREATE TABLE rows (n INTEGER)")
    backend.raw_sql("INSERT INTO rows VALUES (41)")
    assert hasattr(backend, "con"), CONNECTION
    assert native(backend).execute("SELECT n + 1 FROM rows").fetchall() == [(42,)], CONNECTION


def test_duckdb_returns_arrow(tmp_path: Path) -> None:
    """DuckDB's own connection returns a relation as an Arrow table and as a reader of batches."""
    import ibis

    made = ibis.duckdb.connect()
    relation = native(made).sql("SELECT 1 AS n UNION ALL SELECT 2 ORDER BY n")
    assert relation.to_arrow_table().to_pydict() == {"n": [1, 2]}, "duckdb: to_arrow_table changed"
    reader = native(made).sql("SELECT range AS n FROM range(3)").to_arrow_reader(1000)
    assert [batch.num_rows for batch in reader] == [3], "duckdb: to_arrow_reader(rows) changed"
    made.disconnect()


def test_sqlite_takes_a_function(tmp_path: Path) -> None:
    """SQLite's own connection registers a function that statements of the backend call."""
    import ibis

    made = ibis.sqlite.connect(str(tmp_path / "rows.db"))
    native(made).create_function("twice", 1, lambda value: 2 * value, deterministic=True)
    assert made.raw_sql("SELECT twice(21)").fetchall() == [(42,)], CONNECTION
    made.disconnect()


def test_a_type_is_named_in_sql(backend: Any) -> None:
    """Types come as SQL writes them, which versions keep to notice a column whose type changed."""
    backend.raw_sql("CREATE TABLE rows (n INTEGER, x DOUBLE, s TEXT)")
    names = [type_name(backend, dtype) for dtype in backend.table("rows").schema().types]
    sqlite = backend.name == "sqlite"
    assert names == (["INTEGER", "REAL", "TEXT"] if sqlite else ["INT", "DOUBLE", "TEXT"]), TYPES


def test_the_dialect_is_one_of_sqlglot(backend: Any) -> None:
    """The dialect of a backend is what sqlglot takes: names are quoted by it."""
    from sqlglot import exp

    assert exp.to_identifier('a"b', quoted=True).sql(backend.dialect) == '"a""b"', "ibis: Backend.dialect changed"
