"""The time column as an engine has it: what it holds, the rows of a window by it, and rows that no window reaches."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import NotATime
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import expressions, times
from driftloop.monitoring.sources.engines import Engine
from driftloop.monitoring.windows import inside

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Strays:
    """Rows of a source that no window up to now reaches.

    `future`: their time is yet to come. `timeless`: they have none. `outside`: it is before 1678 or after 2261, which
    moments of nanoseconds cannot hold, as 9999-12-31 and infinity are.
    """

    future: int = 0
    timeless: int = 0
    outside: int = 0


def time_kind(engine: Engine, columns: Columns) -> times.Kind | None:
    """What the time column holds; None if there is no row to tell by. NotATime if it is no time."""
    if engine.fetch(f"SELECT 1 AS n FROM {engine.table} LIMIT 1").empty:
        return None  # the types of an empty file mean nothing, and no expression is held against them
    kind: times.Kind | None = "text"
    time, held = engine.names([columns.time]), "text that is no time"
    if engine.con.name != "sqlite":  # SQLite has no types of time, whatever a column is declared as
        dtype = engine.arrow(f"SELECT {time} FROM ({engine.rows}) AS w LIMIT 0").schema.field(0).type
        kind = times.kind_of(dtype)
        if kind in ("aware", "naive", "date"):
            return kind
        held = held if kind == "text" else str(dtype)
    unlike = f" AND {expressions.unlike_a_day(time, engine.dialect)}" if kind == "text" else ""
    odd = engine.fetch(f"SELECT {time} AS v FROM ({engine.rows}) AS w WHERE {time} IS NOT NULL{unlike} LIMIT 1")["v"]
    if not odd.empty:
        raise NotATime(engine.where, columns.time, f"{held}, such as {str(odd.iloc[0])!r}")
    return kind


def within_sql(engine: Engine, columns: Columns, window: Window, kind: times.Kind) -> str:
    """The FROM and WHERE of the rows of a window; of text somewhat wider."""
    time = time_sql(engine, columns, kind)
    # Bare text takes on the type it is compared with, be it of seconds or nanoseconds; a typed bound would not do.
    start, end = times.bounds(window, kind, columns.time_zone)
    return f"({engine.rows}) AS w WHERE {time} >= '{start}' AND {time} < '{end}'"


def time_sql(engine: Engine, columns: Columns, kind: times.Kind) -> str:
    """The time column as SQL that compares with the bounds of a window."""
    name = engine.names([columns.time])
    # An ENUM of DuckDB is ordered by its levels. SQLite's index would not be used through a cast.
    return f"CAST({name} AS VARCHAR)" if kind == "text" and engine.con.name != "sqlite" else name


def around(engine: Engine, columns: Columns, text: str) -> Window:
    """The days around a time of a column of text."""
    try:
        day = datetime.combine(date.fromisoformat(str(text)[:10]), datetime.min.time(), UTC)
    except ValueError:
        raise NotATime(engine.where, columns.time, f"text that is no time, such as {text!r}") from None
    return Window(start=max(day - 2 * times.DAY, times.EVER.start), end=min(day + 3 * times.DAY, times.EVER.end))


def moments(engine: Engine, columns: Columns, window: Window) -> pd.Series[Any]:
    """The times within the window, of a column of text."""
    sql = f"SELECT {engine.names([columns.time])} FROM {within_sql(engine, columns, window, 'text')}"
    known = times.to_utc(engine.fetch(sql)[columns.time], "text", columns.time_zone, engine.where)
    return known.loc[inside(known, window)]


def strays(engine: Engine, columns: Columns, now: datetime) -> Strays:
    """Count the rows that no window up to `now` reaches, in one statement that indexes and statistics can answer."""
    if engine.fetch(f"SELECT 1 AS n FROM {engine.table} LIMIT 1").empty:
        return Strays()
    kind = time_kind(engine, columns)
    if kind is None:
        # No row has a time, so that its type says nothing.
        return Strays(timeless=int(engine.fetch(f"SELECT count(*) AS n FROM ({engine.rows}) AS w")["n"].iloc[0]))
    time, ahead = time_sql(engine, columns, kind), _after(now)
    first, _ = times.bounds(times.EVER, kind, columns.time_zone)
    soon, last = times.bounds(ahead, kind, columns.time_zone)
    outside = f"{time} < '{first}' OR {time} >= '{last}'"
    counts = engine.fetch(
        f"SELECT count(*) - count({time}) AS timeless, count(CASE WHEN {outside} THEN 1 END) AS outside, "
        f"count(CASE WHEN {time} >= '{soon}' AND {time} < '{last}' THEN 1 END) AS future "
        f"FROM ({engine.rows}) AS w WHERE {time} IS NULL OR {time} < '{first}' OR {time} >= '{soon}'"
    ).iloc[0]
    future = len(moments(engine, columns, ahead)) if kind == "text" and counts["future"] else int(counts["future"])
    return Strays(future, int(counts["timeless"]), int(counts["outside"]))


def _after(now: datetime) -> Window:
    return Window(start=min(now, times.EVER.end - times.DAY), end=times.EVER.end)
