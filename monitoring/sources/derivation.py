"""Derived columns of rows that a caller sends, by the expressions of the config, without the source."""

# ruff: noqa: S608  (names are quoted by sqlglot; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.formats.base import literal
from driftloop.monitoring.records import TEXT
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.sources import expressions, typed
from driftloop.monitoring.sources.describing import UNREAD
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.engines.duckdb import FLOATS, no_nan, of_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DIALECT, GIVEN = "duckdb", "given"


class UnreadValues(Exception):
    """Values that cannot be read as the types that the source has: the column, its type, and an example."""

    def __init__(self, column: str, kind: str, example: str) -> None:
        super().__init__(column, kind, example)
        self.column, self.kind, self.example = column, kind, example


class Derivation:
    """Derived columns of `names`, computed in DuckDB; those that they are derived from are computed with them.

    `source_types` are the columns of the source with their types: what is sent is read as these. `reads` are the source
    columns that a row must have.
    """

    def __init__(self, columns: Columns, source_types: Mapping[str, str], names: Iterable[str]) -> None:
        self.names = tuple(name for name in dict.fromkeys(names) if name in columns.derived)
        self._zone = columns.time_zone
        self._derived, self.reads = _needed(columns, self.names, source_types)
        self._types = {name: source_types[name] for name in self.reads}
        self._columns = Reading.model_construct(
            time=self.names[0], target="", categorical=self.names, derived=self._derived, unlabeled=True
        )
        self._compiled: dict[tuple[Any, ...], str] = {}

    def added(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with their derived columns; `UnreadValues` or `EngineError` if they cannot be computed."""
        given = _table(frame, self.reads)
        kinds = tuple(given.schema.types)
        if kinds not in self._compiled:
            self._compiled[kinds] = self._sql(given)
        table = _ask(self._compiled[kinds], given, self._zone)
        for name in self.reads:
            unread = table.column(UNREAD + name)
            if unread.null_count < len(unread):
                raise UnreadValues(name, self._types[name], unread.drop_null()[0].as_py())
        derived = table.select(self.names).to_pandas()
        derived.index = frame.index
        return frame.assign(**{name: derived[name] for name in self.names})

    def _sql(self, given: pa.Table) -> str:
        import pyarrow as pa

        values, unread = {}, {}
        for name, kind in zip(self.reads, given.schema.types, strict=True):
            column, there = expressions.names_sql([name], DIALECT), self._types[name]
            values[name] = _read(column, there, as_text=pa.types.is_string(kind))
            text = f"left(CAST({column} AS VARCHAR), 200)"
            unread[UNREAD + name] = f"CASE WHEN {column} IS NOT NULL AND ({values[name]}) IS NULL THEN {text} END"
            if _plain(there) in FLOATS:
                values[name] = no_nan(values[name])
        reading = expressions.Reading(values, unread, computes_once=True)
        sql = self._selected(reading)
        kinds = _ask(f"DESCRIBE {sql}", given.slice(0, 0), self._zone).to_pydict()
        types = dict(zip(kinds["column_name"], kinds["column_type"], strict=True))
        derived = [name for name in self._derived if types[name] in FLOATS]
        floats = {name: no_nan(expressions.names_sql([name], DIALECT)) for name in derived}
        return self._selected(expressions.Reading(values, unread, floats, computes_once=True)) if floats else sql

    def _selected(self, reading: expressions.Reading) -> str:
        made = expressions.compiled(self._columns, GIVEN, self.reads, DIALECT, "the rows", reading)
        names = [*self._derived, *reading.extra]
        return f"SELECT {expressions.names_sql(names, DIALECT)} FROM ({made.derived}) AS w"


def _needed(
    columns: Columns, names: Sequence[str], source_types: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the expressions that some derived columns need, and the source columns that these read."""
    reads = {
        name: expressions.references(expressions.parsed(f"{expressions.DERIVED}{name}", text, DIALECT))
        for name, text in columns.derived.items()
    }
    needed = {name.casefold() for name in names}
    derived: dict[str, str] = {}
    for name in reversed(list(columns.derived)):
        if name.casefold() in needed:
            derived = {name: columns.derived[name], **derived}
            needed |= {read.casefold() for read in reads[name]}
    known = {name.casefold(): name for name in source_types}
    earlier: set[str] = set()
    source: list[str] = []
    for name in derived:
        source += [known[read.casefold()] for read in reads[name] if read.casefold() not in earlier]
        earlier.add(name.casefold())
    return derived, tuple(dict.fromkeys(source))


def _plain(there: str) -> str:
    return typed.SQL_TYPES[there.removeprefix(TEXT)] if there.startswith(TEXT) else there


def _read(column: str, there: str, *, as_text: bool) -> str:
    """The SQL by which a value that was sent is read as the type that the source has; null where it cannot be."""
    if as_text and there.startswith(TEXT):
        return typed.read_as(column, there.removeprefix(TEXT))
    if as_text and there == "VARCHAR":
        return column
    read = f"TRY_CAST({column} AS {_plain(there)})"
    if as_text and _plain(there).startswith("TIMESTAMP"):
        # With an offset it is that moment, on the clock of the source.
        offset = f"regexp_full_match(trim({column}), {literal(typed.OFFSET)})"
        moment = f"CAST(TRY_CAST({column} AS TIMESTAMPTZ) AS {_plain(there)})"
        return f"CASE WHEN {offset} THEN {moment} ELSE {read} END"
    return read


def _table(frame: pd.DataFrame, names: Sequence[str]) -> pa.Table:
    """Return columns as Arrow; one of values of several types as text."""
    import pyarrow as pa

    made = {}
    for name in names:
        try:
            made[name] = pa.array(frame[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            made[name] = pa.array(labels(frame[name]), pa.string(), from_pandas=True)
        if pa.types.is_large_string(made[name].type):
            made[name] = made[name].cast(pa.string())
    return pa.table(made)


def _ask(sql: str, given: pa.Table, zone: str) -> pa.Table:
    try:
        return of_frame(sql, GIVEN, given, zone)
    except Exception as error:
        raise EngineError(str(error).strip().splitlines()[0]) from error
