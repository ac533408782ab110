"""The rows of a window, their number, and the span of a source. Places, engines and times stand beside it."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from driftloop.monitoring.errors import (
    BadExpression,
    ColumnsTwice,
    DriverMissing,
    SourceMissing,
    SourceUnreadable,
    listed,
)
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import csvfiles, places, postgres, times
from driftloop.monitoring.sources.describing import UNREAD, aliases, describe, rows_of, selected
from driftloop.monitoring.sources.engines import Engine, EngineError, blame, said, tables
from driftloop.monitoring.sources.timecolumn import Strays, around, moments, strays, time_kind, time_sql, within_sql
from driftloop.monitoring.windows import within

if TYPE_CHECKING:
    import pandas as pd

SAMPLED_FILES = 20
# Shapes of CSV files by path, time and size.
SHAPES: dict[tuple[str, int, int, int], csvfiles.Shape] = {}
SHAPES_KEPT = 10_000
SETTLED = 2_000_000_000  # nanoseconds
LOOKED = threading.Lock()
# What engines say of a file that is no database. A lock, by contrast, goes away.
BROKEN_DATABASE = ("not a database", "not a valid", "malformed", "corrupt")


@dataclass(frozen=True)
class Rows:
    """Rows of a window, ordered by time: the time column in UTC, the features, the target.

    `schema` names every column of the source with its type as the engine calls it, without the derived ones;
    `in_order` says whether the rows came in order of time.
    """

    frame: pd.DataFrame
    schema: dict[str, str]
    in_order: bool = True


@dataclass(frozen=True)
class Stream:
    """Rows of a window as they come, some at a time, with at least one frame; the schema as in `Rows`."""

    frames: Iterator[pd.DataFrame]
    schema: dict[str, str]


def read_rows(source: Source, columns: Columns, window: Window, folder: Path) -> Rows:
    """The rows of the window, and no other columns than are needed. A row without a time is in no window."""
    with stream_rows(source, columns, window, folder, most=None) as stream:
        (frame,) = stream.frames
    in_order = bool(frame[columns.time].is_monotonic_increasing)
    return Rows(in_order_of_time(frame, columns.time), stream.schema, in_order)


def in_order_of_time(frame: pd.DataFrame, time: str) -> pd.DataFrame:
    """The rows sorted by time; those of one moment stay as they were, so that the same data gives the same frame."""
    if frame[time].is_monotonic_increasing:
        return frame.reset_index(drop=True)
    return frame.sort_values(time, kind="stable", ignore_index=True)


@contextmanager
def stream_rows(source: Source, columns: Columns, window: Window, folder: Path, most: int | None) -> Iterator[Stream]:
    """The rows that `read_rows` gives, about `most` at a time, in the order of the source.

    Memory does not grow with the rows. The frames must be taken inside the context.
    """
    import pandas as pd

    names = [columns.time, *columns.features, columns.target]
    with _opened(source, folder, columns) as engine:
        kind = time_kind(engine, columns)
        if kind is None:
            empty = pd.DataFrame({name: pd.Series([], dtype=object) for name in names})
            yield Stream(iter([empty.astype({columns.time: "datetime64[us, UTC]"})]), engine.schema)
            return
        unread = [UNREAD + name for name in engine.unread]
        sql = f"SELECT {selected(engine, [*names, *unread])} FROM {within_sql(engine, columns, window, kind)}"
        known: dict[str, str] = {}

        def placed(frame: pd.DataFrame) -> pd.DataFrame:
            frame[columns.time] = times.to_utc(frame[columns.time], kind, columns.time_zone, engine.where)
            frame = within(frame, columns.time, window)
            return _with_unread(engine, frame, known) if unread else frame

        yield Stream(map(placed, engine.pieces(sql, most)), engine.schema)


def _with_unread(engine: Engine, frame: pd.DataFrame, places: dict[str, str]) -> pd.DataFrame:
    """The frame with the text of numbers that could not be read in their place; `places` fills with the first ones."""
    from driftloop.monitoring.rows.canonical import Unread

    for name in engine.unread:
        text = frame.pop(UNREAD + name)
        there = text.notna()
        if not there.any():
            continue
        if name not in places:
            places[name] = engine.place_of(name, text[there].iloc[0])
        # What is a number to Python, such as 1.234 among decimal commas, was none to the source.
        plain = engine.kinds.get(name) == "number"
        frame[name] = frame[name].astype(object)
        frame.loc[there, name] = [one if plain else Unread(one) for one in text[there]]
    frame.attrs["places"] = places
    return frame


def fitting(source: Source, columns: Columns, folder: Path) -> dict[str, str]:
    """Give the source's columns with their types, if those of the config are among them; raise what is wrong if not.

    No rows are read but those that say what the time column holds. Of an empty source nothing is known.
    """
    with _opened(source, folder, columns) as engine:
        return engine.schema if time_kind(engine, columns) is not None else {}


def count_rows(source: Source, columns: Columns, window: Window, folder: Path) -> int:
    """How many rows `read_rows` would give, counted by the engine; of times kept as text the time column is read."""
    with _opened(source, folder, columns) as engine:
        kind = time_kind(engine, columns)
        if kind is None:
            return 0
        if kind == "text":
            return len(moments(engine, columns, window))
        return int(engine.fetch(f"SELECT count(*) AS n FROM {within_sql(engine, columns, window, kind)}")["n"].iloc[0])


def count_strays(source: Source, columns: Columns, now: datetime, folder: Path) -> Strays:
    """How many rows are in no window up to `now`: of the future, without a time, or with one that none reaches."""
    with _opened(source, folder, columns) as engine:
        return strays(engine, columns, now)


def span(source: Source, columns: Columns, folder: Path) -> Window | None:
    """From the first time of the source to just after its last one; None if no row has a time."""
    with _opened(source, folder, columns) as engine:
        kind = time_kind(engine, columns)
        if kind is None:
            return None
        time = time_sql(engine, columns, kind)
        within = within_sql(engine, columns, times.EVER, kind)
        ends = engine.fetch(f"SELECT min({time}) AS first, max({time}) AS last FROM {within}").iloc[0]
        if ends.isna().any():
            return None
        if kind == "text":
            # Text sorts by the day as written; with offsets the first moment may stand in a line of the next day.
            first, last = (moments(engine, columns, around(engine, columns, text)) for text in ends)
        else:
            first, last = (times.to_utc(ends[[name]], kind, columns.time_zone, engine.where) for name in ends.index)
    if first.empty or last.empty:
        return None
    return Window(start=first.min().to_pydatetime(), end=last.max().to_pydatetime() + timedelta(microseconds=1))


def sample(
    source: Source,
    folder: Path,
    rows: int = 10_000,
    *,
    time: str | None = None,
    how: str | None = None,
    more: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return some rows with all columns: the first ones of a table, or of files spread over the whole source.

    With `time`, the name of a column or what an expression makes of it, they come in order of time, from the whole
    source where that costs one pass over it, the newest ones among them; `more` are then further columns, SQL by name.
    `attrs["types"]` has the types that were guessed for columns of text.
    """
    with _opened(source, folder, None) as engine:
        for file, header in engine.headers.items():
            twice = sorted({name for name in header if header.count(name) > 1})
            if twice:
                raise ColumnsTwice(engine.at.scrub(file), twice)
        if time is not None:
            frame = _in_time(engine, f"({how})" if how else engine.names([time]), rows, more or {})
        elif not engine.files:
            return engine.fetch(f"SELECT * FROM {engine.table} LIMIT {rows}")
        else:
            picked = max(1, min(len(engine.files), SAMPLED_FILES, rows))
            files = [engine.files[at * (len(engine.files) - 1) // max(picked - 1, 1)] for at in range(picked)]
            parts = [f"({rows_of(engine, file)} LIMIT {-(-rows // picked)})" for file in files]
            frame = engine.fetch(f"SELECT * FROM ({' UNION ALL BY NAME '.join(parts)}) AS s LIMIT {rows}")
        names = {alias: name for name, alias in aliases(engine).items()} | {name: name for name in more or {}}
        frame = frame[[alias for alias in names if alias in frame]].rename(columns=names)
        frame.attrs["types"] = dict(engine.kinds)
        return frame


def _in_time(engine: Engine, moment: str, rows: int, more: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    wanted = ", ".join(["*", *(f"{sql} AS {engine.names([name])}" for name, sql in more.items())])
    table = f"({rows_of(engine)})" if engine.files else engine.table
    known = f"FROM {table} AS t WHERE {moment} IS NOT NULL"
    total = int(engine.fetch(f"SELECT count(*) AS n {known}")["n"].iloc[0])
    if total <= rows:
        return engine.fetch(f"SELECT {wanted} {known} ORDER BY {moment}")
    newest = rows // 5
    every = -(-total // (rows - newest))
    if engine.con.name == "duckdb":
        # By the content of a row: the same rows for the same data, whatever runs beside it.
        early, late = f"{known} AND hash(t) % {every} = 0 ORDER BY {moment}", f"{known} AND hash(t) % {every} <> 0"
    else:
        early, late = f"{known} LIMIT {rows - newest}", known
    newest_first = f"{late} ORDER BY {moment} DESC LIMIT {newest}"
    parts = [engine.fetch(f"SELECT {wanted} {early}"), engine.fetch(f"SELECT {wanted} {newest_first}")]
    return pd.concat([parts[0], parts[1].iloc[::-1]], ignore_index=True)


# Opening


@contextmanager
def _opened(source: Source, folder: Path, columns: Columns | None) -> Iterator[Engine]:
    """A connection of this call's own, closed at the end; what an engine raises becomes an error with its cause."""
    at = places.place(source, folder)
    with ExitStack() as stack:
        engine = _open_files(source, folder, at, stack) if source.path else _open_table(source, folder, at, stack)
        try:
            if columns:
                _set_up(engine, columns)
            describe(engine, columns)
            yield engine
        except EngineError as failed:
            raise blame(engine, str(failed)) from None


def _set_up(engine: Engine, columns: Columns) -> None:
    classes = [columns.target] if columns.types.get(columns.target) == "text" else []
    engine.texts = frozenset([*columns.categorical, *classes])
    if engine.con.name not in ("duckdb", "postgres"):
        return
    try:
        engine.asked(lambda: engine.con.raw_sql(f"SET TimeZone = '{columns.time_zone}'"))
    except EngineError as failed:
        raise BadExpression("columns.time_zone", columns.time_zone, str(failed)) from None


def _open_files(source: Source, folder: Path, at: places.Place, stack: ExitStack) -> Engine:
    import ibis

    found = places.files(at, folder)
    csv = (source.format or source.guess()) == "csv"
    shapes = {name: _look(at, found, name) for name in found.names if csv}
    # A file of a header alone would turn the columns of all others into text.
    full = tuple(name for name in found.names if not csv or shapes[name].has_rows) or found.names[:1]
    con = ibis.duckdb.connect()
    stack.callback(con.disconnect)
    if found.filesystem is not None and not at.text.startswith("http"):  # over HTTP DuckDB reads by itself
        con.register_filesystem(found.filesystem)
    return Engine(con, at, files=full, shapes={name: shapes[name] for name in full if csv}, open=found.open)


def _look(at: places.Place, found: places.Files, name: str) -> csvfiles.Shape:
    """The shape of a file, looked at once for as long as it does not change."""
    look = partial(csvfiles.look, at.scrub(name), partial(found.open, name))
    if found.filesystem is not None:
        return look()
    facts = os.stat(name)
    key = (name, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    with LOOKED:
        known = SHAPES.get(key)
    if known is None:
        known = look()
        # A file that was written just now may be written again within the same tick of the clock.
        if time.time_ns() - facts.st_mtime_ns > SETTLED:
            with LOOKED:
                SHAPES[key] = known
                while len(SHAPES) > SHAPES_KEPT:
                    SHAPES.pop(next(iter(SHAPES)))
    return known


def _open_table(source: Source, folder: Path, at: places.Place, stack: ExitStack) -> Engine:
    import ibis

    scheme, _, rest = at.text.partition("://")
    file = None
    if scheme == "sqlite" or (scheme == "duckdb" and not rest.startswith(("md:", "motherduck:"))):
        file = places.database_file(at.text, at, folder)
    try:
        if scheme == "sqlite":
            con = ibis.sqlite.connect(file)
        elif file:
            # Read-only, so that several checks may read at once.
            options = dict(parse_qsl(at.text.partition("?")[2])) | {"read_only": True}
            con = ibis.duckdb.connect(file, **options)
        elif scheme in postgres.SCHEMES:
            con = postgres.connect(at.text)
        else:
            con = ibis.connect(at.text)
        stack.callback(con.disconnect)
        if scheme == "sqlite":
            con.raw_sql("PRAGMA query_only = ON")
        known = tables(con, source.table or "")
    except ImportError as error:
        if scheme in postgres.SCHEMES:
            raise DriverMissing(at.where, "psycopg", "postgres") from None
        raise SourceMissing(at.where, at.scrub(str(error)), f"pip install 'ibis-framework[{scheme}]'") from None
    except Exception as error:
        why = said(error, at)
        if file and any(words in why for words in BROKEN_DATABASE):
            raise SourceUnreadable(at.where, why) from None
        raise SourceMissing(at.where, why, "check source.url, and that the database answers") from None
    wanted = (source.table or "").removeprefix("main." if file else "")
    parts = known.get(wanted) or {name.casefold(): parts for name, parts in known.items()}.get(wanted.casefold())
    if parts is None:
        there = f"there are {listed(known, 20)}" if known else "there are no tables"
        raise SourceMissing(at.where, f"no such table; {there}", "correct source.table")
    return Engine(con, at, parts=parts)
