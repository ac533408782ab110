"""A connection to an engine: asked for rows, and held to account when it fails. It is opened elsewhere."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from driftloop.monitoring.errors import BadExpression, DriftloopError, SourceMissing, SourceUnreadable
from driftloop.monitoring.sources import csvfiles, expressions, filetables, frames, places, postgres
from driftloop.monitoring.sources.typed import literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Advice of DuckDB that would have rows dropped, and rows of the file itself: neither belongs in a message.
NOISE = (
    "original line",
    "possible",
    "*",
    "the search space",
    "delimiter cand",
    "quote/esc",
    "comment cand",
    "encoding:",
)

TABLES = {
    "sqlite": "SELECT schema, name FROM pragma_table_list "
    "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    # ibis 12 cannot list the tables of DuckDB 2.
    "duckdb": "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database()",
}


class EngineError(Exception):
    """What an engine said, fit to be shown. `blame` makes a proper error of it."""


@dataclass
class Engine:
    """A connection (of ibis) and what is read through it: `files`, or the table that `parts` name.

    `describing.describe` fills in the rest: `schema` has the columns with their types, `values` the SQL by which each
    is read, `unread` that of numbers in text which cannot be read, `compiled` the SELECTs; `kinds` are types of text.
    `texts` are columns whose values are wanted as they are spelled.
    """

    con: Any
    at: places.Place
    parts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    shapes: dict[str, csvfiles.Shape] = field(default_factory=dict)
    open: Callable[[str], IO[Any]] | None = None
    schema: dict[str, str] = field(default_factory=dict)
    compiled: expressions.Compiled = field(default_factory=lambda: expressions.Compiled((), "", ""))
    table_of_files: str = ""
    names_in: dict[str, str] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    @property
    def dialect(self) -> Any:
        return self.con.dialect

    @property
    def where(self) -> str:
        return self.at.where

    @property
    def table(self) -> str:
        """What stands after FROM."""
        return self.table_of_files if self.files else ".".join(self.names([part]) for part in self.parts)

    @property
    def rows(self) -> str:
        """The SELECT with the derived columns and the filter, but without a window."""
        return self.compiled.rows

    def names(self, names: Sequence[str]) -> str:
        return expressions.names_sql(names, self.dialect)

    def alone(self, file: str) -> str:
        """One of the files by itself, after FROM."""
        if self.shapes:
            return filetables.of_csv([file], self.shapes).sql
        return f"read_parquet([{literal(glob.escape(file))}])"

    def place_of(self, column: str, text: str) -> str:
        """The file and the line of the first field of a column that starts with a text; empty if that is not known."""
        for file in self.headers if self.shapes else ():
            if column not in self.headers[file] or not self.open:
                continue
            table = filetables.of_csv([file], self.shapes)
            sql = f"SELECT 1 FROM {table.sql} WHERE starts_with({table.names[column]}, {literal(text)}) LIMIT 1"
            # A connection of its own: rows may be on their way through the other one.
            if not self.asked(self.con.con.cursor().execute(sql).fetchall):
                continue
            line = csvfiles.line_of(partial(self.open, file), self.shapes[file], column, text)
            return self.at.scrub(file) + (f", line {line:,}" if line else "")
        return ""

    def ask(self, sql: str) -> list[Any]:
        """The rows of a statement that has few."""
        return self.asked(lambda: self.con.raw_sql(sql).fetchall())  # type: ignore[no-any-return]

    def arrow(self, sql: str) -> pa.Table:
        if self.con.name == "duckdb":
            return self.asked(lambda: self.con.con.sql(sql).to_arrow_table())
        if self.con.name == "postgres":
            return self.asked(lambda: postgres.arrow(self.con, sql, self.texts))
        return self.asked(lambda: self.con.sql(sql).to_pyarrow())

    def fetch(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT."""
        (frame,) = self.pieces(sql)
        return frame

    def pieces(self, sql: str, most: int | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a SELECT, `most` at a time, in memory that does not grow with them; at least one frame.

        Without a number all come at once. Decimals come as floats, in the columns of `texts` as text.
        """
        if self.con.name == "sqlite":
            yield from self._pieces_of_sqlite(sql, most)
        elif most is None:
            yield frames.from_arrow(self.arrow(sql), self.texts)
        else:
            yield from (frames.from_arrow(table, self.texts) for table in self._tables(sql, most))

    def _pieces_of_sqlite(self, sql: str, most: int | None) -> Iterator[pd.DataFrame]:
        # Not through ibis: a value that is not of its column's declared type is no error in SQLite.
        cursor = self.asked(lambda: self.con.raw_sql(sql))
        names = [column[0] for column in cursor.description]
        rows = self.asked(cursor.fetchall if most is None else partial(cursor.fetchmany, most))
        yield frames.from_records(rows, names, self.texts)
        while most is not None and len(rows) == most and (rows := self.asked(partial(cursor.fetchmany, most))):
            yield frames.from_records(rows, names, self.texts)

    def _tables(self, sql: str, most: int) -> Iterator[pa.Table]:
        """Tables of about `most` rows; a single one without rows where there are none."""
        if self.con.name == "postgres":
            parts = postgres.parts(self.con, sql, self.texts)
        elif self.con.name == "duckdb":
            if self.files and not self.shapes:
                # Each thread holds a whole row group of parquet, which may have a million rows.
                self.asked(lambda: self.con.raw_sql("SET threads = 1"))
            parts = _parts(lambda: self.con.con.sql(sql).to_arrow_reader(most))
        else:
            parts = _parts(lambda: self.con.sql(sql).to_pyarrow_batches(chunk_size=most))
        while (part := self.asked(lambda: next(parts, None))) is not None:
            yield part

    def asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except MemoryError:
            raise
        except Exception as error:
            raise EngineError(said(error, self.at)) from None


def _parts(opened: Callable[[], pa.RecordBatchReader]) -> Iterator[pa.Table]:
    import pyarrow as pa

    reader = opened()
    first = next(reader, None)
    yield reader.schema.empty_table() if first is None else pa.Table.from_batches([first])
    yield from (pa.Table.from_batches([batch]) for batch in reader)


def said(error: Exception, at: places.Place) -> str:
    """The words of an engine in one line, without secrets, advice and data."""
    # psycopg's text goes on with the statement.
    first = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    lines = first.strip().split("\n\n")[0].splitlines()
    kept = [line.strip() for line in lines if not line.strip().lower().startswith(NOISE)]
    return at.scrub(" ".join(kept) or type(error).__name__)[:400]


def tables(con: Any, wanted: str) -> dict[str, tuple[str, ...]]:
    """The tables by name, or by schema.name outside the default schema; of servers, in that and the wanted one."""
    if con.name in ("sqlite", "duckdb"):
        rows = sorted(con.raw_sql(TABLES[con.name]).fetchall())
        return {name if schema == "main" else f"{schema}.{name}": (schema, name) for schema, name in rows}
    if con.name == "postgres":
        return postgres.tables(con, wanted)
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in con.list_tables()}
    *schema, _ = wanted.split(".")
    if schema and wanted not in found:
        there = con.list_tables(database=schema[0] if len(schema) == 1 else tuple(schema))
        found |= {".".join([*schema, name]): (*schema, name) for name in there}
    return found


def blame(engine: Engine, why: str) -> DriftloopError:
    """The error that names the file or the expression at fault, found by trying each alone, after a failure."""
    if engine.con.name == "postgres" and (
        engine.con.con.closed or _failure(engine, f"SELECT * FROM {engine.table} LIMIT 0")
    ):
        return SourceMissing(engine.where, why, "check that the database answers, and that its role may SELECT there")
    for name in engine.files:
        alone = _failure(engine, f"SELECT bit_xor(hash(t)) AS n FROM (SELECT * FROM {engine.alone(name)}) AS t")
        if alone is not None:
            shape = engine.shapes.get(name)
            flaw = csvfiles.flaw(partial(engine.open, name), shape) if engine.open and shape else None
            return SourceUnreadable(engine.at.scrub(name), flaw or alone)
    for key, expression, made in engine.compiled.each:
        sql = made()
        value = engine.names([key.removeprefix("columns.derived.")]) if key.startswith("columns.derived.") else "*"
        said_of_it = _failure(engine, f"SELECT * FROM ({sql}) AS t LIMIT 0")  # it does not fit the columns
        said_of_it = said_of_it or _failure(engine, f"SELECT count({value}) FROM ({sql}) AS t")  # it fails on a value
        if said_of_it is not None:
            return BadExpression(key, expression, said_of_it) if key else SourceUnreadable(engine.where, said_of_it)
    return SourceUnreadable(engine.where, why)


def _failure(engine: Engine, sql: str) -> str | None:
    try:
        engine.fetch(sql)
    except EngineError as failed:
        return str(failed)
    return None
