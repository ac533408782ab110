"""The same table as a file of each format and as a table of each engine: what laws over all of them read."""

from __future__ import annotations

import ast
import inspect
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.monitoring.settings.source import Source
from tests import lakes
from tests.servers.postgres import Postgres

WRITERS: dict[str, Callable[[Path, pa.Table], object]] = {
    "parquet": lambda path, table: pq.write_table(table, path),
    "csv": lambda path, table: table.to_pandas(integer_object_nulls=True).to_csv(path, index=False),
    "jsonl": lambda path, table: path.write_text(
        "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist())
    ),
}


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def _columns(table: pa.Table, names: dict[pa.DataType, str]) -> str:
    return ", ".join(f'"{field.name}" {names[field.type]}' for field in table.schema)


def _into_duckdb(folder: Path, table: pa.Table, server: Callable[[], Postgres]) -> Source:
    with closing(duckdb.connect(str(folder / "rows.duckdb"))) as con:
        con.register("given", table)
        con.execute("CREATE OR REPLACE TABLE trips AS SELECT * FROM given")
    return Source(url="duckdb:///rows.duckdb", table="trips")


def _into_sqlite(folder: Path, table: pa.Table, server: Callable[[], Postgres]) -> Source:
    names = {pa.timestamp("us"): "TIMESTAMP", pa.float64(): "REAL", pa.int64(): "INTEGER", pa.string(): "TEXT"}
    rows = [tuple(str(cell) if hasattr(cell, "isoformat") else cell for cell in row) for row in _rows(table)]
    with closing(sqlite3.connect(folder / "rows.db")) as con:
        con.execute("DROP TABLE IF EXISTS trips")
        con.execute(f"CREATE TABLE trips ({_columns(table, names)})")
        con.executemany(f"INSERT INTO trips VALUES ({', '.join('?' * table.num_columns)})", rows)
        con.commit()
    return Source(url="sqlite:///rows.db", table="trips")


def _into_postgres(folder: Path, table: pa.Table, server: Callable[[], Postgres]) -> Source:
    import psycopg

    names = {pa.timestamp("us"): "timestamp", pa.float64(): "float8", pa.int64(): "bigint", pa.string(): "text"}
    place = server().place()
    with psycopg.connect(server().url(place), autocommit=True) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE TABLE trips ({_columns(table, names)})".encode())
        cursor.executemany(f"INSERT INTO trips VALUES ({', '.join(['%s'] * table.num_columns)})".encode(), _rows(table))
    return Source(url=server().url(place, password="${SHOP_PASSWORD}"), table="trips")


# By the name of the engine.
LOADERS: dict[str, Callable[[Path, pa.Table, Callable[[], Postgres]], Source]] = {
    "duckdb": _into_duckdb,
    "sqlite": _into_sqlite,
    "postgres": _into_postgres,
}


def _into_parts(into: Callable[..., Source]) -> Callable[..., Source]:
    def loaded(folder: Path, table: pa.Table, server: Callable[[], Postgres]) -> Source:
        """Several files in their own folder, as a test may load a table more than once."""
        third = -(-table.num_rows // 3)
        parts = [table.slice(at, third) for at in range(0, table.num_rows, third)]
        return into(folder, *parts, name=f"trips{sum(1 for _ in folder.rglob('trips*'))}")

    return loaded


# Tables in files, by the key of a source that names them.
LAKES: dict[str, Callable[[Path, pa.Table, Callable[[], Postgres]], Source]] = {
    "delta": _into_parts(lakes.delta),
    "iceberg": _into_parts(lakes.iceberg),
}


def imports_of_siblings(one: type, all_of_them: Iterable[type]) -> list[str]:
    """The modules of other classes of a registry that the module of one of them imports, inside functions as well."""
    siblings = {other.__module__ for other in all_of_them} - {one.__module__}
    module = inspect.getmodule(one)
    assert module is not None
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return sorted(named & siblings)
