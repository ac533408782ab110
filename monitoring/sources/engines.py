"""A connection to an engine: asked for rows, and held to account when it fails. It is opened elsewhere."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from monitoring.errors import BadExpression, DriftloopError, SourceMissing, SourceUnreadable
from monitoring.sources import csvfiles, expressions, places, postgres

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

# The years 1 to 9999 in days since 1970, and a day in the units of Arrow's moments.
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
DAY_IN = {unit: 86_400 * 10**power for unit, power in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9))}
OFFSET = r"[T ]\d\d(:\d\d)?.*([Zz]|[+-]\d\d(:?\d\d)?)$"


class EngineError(Exception):
    """What an engine said, fit to be shown. `blame` makes a proper error of it."""


@dataclass
class Engine:
    """A connection (of ibis) and what is read through it: `files`, or the table that `parts` name."""

    con: Any
    at: places.Place
    parts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    shapes: dict[str, csvfiles.Shape] = field(default_factory=dict)
    open: Callable[[str], IO[Any]] | None = None
    schema: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def dialect(self) -> Any:
        return self.con.dialect

    @property
    def where(self) -> str:
        return self.at.where

    @property
    def table(self) -> str:
        """What stands after FROM."""
        return self.reader(self.files) if self.files else ".".join(self.names([part]) for part in self.parts)

    @property
    def rows(self) -> str:
        """The SELECT with the derived columns and the filter, but without a window."""
        return self.steps[-1][2]

    def names(self, names: Sequence[str]) -> str:
        return expressions.names_sql(names, self.dialect)

    def reader(self, files: Sequence[str]) -> str:
        """DuckDB's function over some of the files. Of a CSV it guesses the types alone, and by all lines."""
        paths = ", ".join(_text(glob.escape(name)) for name in files)
        if not self.shapes:
            return f"read_parquet([{paths}], union_by_name=true)"
        # Once the types are known, no file has to be read twice for them.
        types = self.schema or {name: "VARCHAR" for shape in self.shapes.values() for name in shape.texts}
        elsewhere = self._header(self.files) - self._header(files)
        fixed = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in types.items() if name not in elsewhere)
        delimiter = _text(self.shapes[files[0]].delimiter)
        # DuckDB goes by the ending of the name, which may be wrong; of a mixture it is trusted.
        packed = {self.shapes[name].packed for name in files}
        compression = "auto" if len(packed) > 1 else "gzip" if packed == {True} else "none"
        marks = max((shape.marks for shape in self.shapes.values()), key=len, default="")
        numbers = "".join(
            f"{key}={_text(mark)}, "
            for key, mark in zip(("decimal_separator", "thousands"), reversed(marks), strict=False)
        )
        return (
            f"read_csv([{paths}], delim={delimiter}, {numbers}compression='{compression}', header=true, quote='\"', "
            "escape='\"', skip=0, comment='', nullstr='', strict_mode=true, null_padding=false, ignore_errors=false, "
            "union_by_name=true"
            f"{', types={' + fixed + '}' if fixed else ''}{'' if self.schema else ', sample_size=-1'})"
        )

    def _header(self, files: Sequence[str]) -> set[str]:
        return {name for file in files for name in self.shapes[file].header}

    def describe(self) -> None:
        """Learn the columns of the source and their types."""
        if self.con.name == "duckdb":
            found = self._asked(lambda: self.con.raw_sql(f"DESCRIBE SELECT * FROM {self.table}").fetchall())
            self.schema = {row[0]: row[1] for row in found}
            if self.shapes:
                self._heed_offsets([name for name, kind in self.schema.items() if kind == "TIMESTAMP"])
        elif self.con.name == "sqlite":
            sql = f"SELECT name, type FROM pragma_table_xinfo({_text(self.parts[-1])}) WHERE hidden <> 1"
            self.schema = dict(self._asked(lambda: self.con.raw_sql(sql).fetchall()))
        elif self.con.name == "postgres":
            self.schema = self._asked(lambda: postgres.columns(self.con, self.table))
        else:
            database = self.parts[:-1] or None
            schema = self._asked(lambda: self.con.table(self.parts[-1], database=database).schema())
            self.schema = {name: self.con.compiler.type_mapper.to_string(dtype) for name, dtype in schema.items()}

    def _heed_offsets(self, names: Sequence[str]) -> None:
        # DuckDB takes a column whose first times carry no offset for TIMESTAMP, and drops the offsets of later ones.
        if not names:
            return
        zoned, self.schema = dict(self.schema), self.schema | dict.fromkeys(names, "VARCHAR")
        found = ", ".join(f"bool_or(regexp_matches({self.names([name])}, {_text(OFFSET)}))" for name in names)
        for name, offsets in zip(names, self.fetch(f"SELECT {found} FROM {self.table}").iloc[0], strict=True):
            if offsets is True or offsets == 1:
                zoned[name] = "TIMESTAMP WITH TIME ZONE"
        self.schema = zoned

    def arrow(self, sql: str) -> pa.Table:
        if self.con.name == "duckdb":
            return self._asked(lambda: self.con.con.sql(sql).to_arrow_table())
        if self.con.name == "postgres":
            return self._asked(lambda: postgres.arrow(self.con, sql))
        return self._asked(lambda: self.con.sql(sql).to_pyarrow())

    def fetch(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT. Decimals come as floats; all else as Arrow gives it to pandas."""
        (frame,) = self.pieces(sql)
        return frame

    def pieces(self, sql: str, most: int | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a SELECT, `most` at a time, in memory that does not grow with them; at least one frame.

        Without a number all come at once.
        """
        if self.con.name == "sqlite":
            yield from self._pieces_of_sqlite(sql, most)
        elif most is None:
            yield _frame(self.arrow(sql))
        else:
            yield from map(_frame, self._tables(sql, most))

    def _pieces_of_sqlite(self, sql: str, most: int | None) -> Iterator[pd.DataFrame]:
        import pandas as pd

        # Not through ibis: a value that is not of its column's declared type is no error in SQLite.
        cursor = self._asked(lambda: self.con.raw_sql(sql))
        names = [column[0] for column in cursor.description]
        rows = self._asked(cursor.fetchall if most is None else partial(cursor.fetchmany, most))
        yield pd.DataFrame(rows, columns=names)
        while most is not None and len(rows) == most and (rows := self._asked(partial(cursor.fetchmany, most))):
            yield pd.DataFrame(rows, columns=names)

    def _tables(self, sql: str, most: int) -> Iterator[pa.Table]:
        """Tables of about `most` rows; a single one without rows where there are none."""
        if self.con.name == "postgres":
            parts = postgres.parts(self.con, sql)
        elif self.con.name == "duckdb":
            if self.files and not self.shapes:
                # Each thread holds a whole row group of parquet, which may have a million rows.
                self._asked(lambda: self.con.raw_sql("SET threads = 1"))
            parts = _parts(lambda: self.con.con.sql(sql).to_arrow_reader(most))
        else:
            parts = _parts(lambda: self.con.sql(sql).to_pyarrow_batches(chunk_size=most))
        while (part := self._asked(lambda: next(parts, None))) is not None:
            yield part

    def _asked(self, ask: Callable[[], Any]) -> Any:
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


def _frame(table: pa.Table) -> pd.DataFrame:
    import pyarrow as pa

    for at, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type):
            table = table.set_column(at, column.name, table.column(at).cast(pa.float64()))
        elif _beyond_the_years(table.column(at)):
            kind = pa.string() if pa.types.is_date(column.type) else pa.timestamp(column.type.unit)
            table = table.set_column(at, column.name, table.column(at).cast(kind))
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _beyond_the_years(values: pa.ChunkedArray) -> bool:
    """Return whether some moments are before the year 1 or after 9999: engines store them, Python's dates cannot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if not (pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is not None)):
        return False
    a_day = 1 if pa.types.is_date32(kind) else DAY_IN["ms" if pa.types.is_date64(kind) else kind.unit]
    ends = pc.min_max(values)
    found = [ends[end].value for end in ("min", "max") if ends[end].is_valid]
    return any(not FIRST_DAY <= moment // a_day <= LAST_DAY for moment in found)


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
        alone = _failure(engine, f"SELECT bit_xor(hash(t)) AS n FROM (SELECT * FROM {engine.reader([name])}) AS t")
        if alone is not None:
            shape = engine.shapes.get(name)
            flaw = csvfiles.flaw(partial(engine.open, name), shape) if engine.open and shape else None
            return SourceUnreadable(engine.at.scrub(name), flaw or alone)
    for key, expression, sql in engine.steps:
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


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
