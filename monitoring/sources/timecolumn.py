"""The time column as an engine has it: what it holds, the rows of a window by it, and rows that no window reaches."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import NotATime
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.sources.time_forms import form_of
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


def time_kind(relation: Relation, columns: Columns) -> times.Kind | None:
    """What the time column holds; None without rows. NotATime if it is not a time."""
    if relation.fetch(f"SELECT 1 AS n FROM {relation.table} LIMIT 1").empty:
        return None  # the types of an empty file mean nothing, and no expression is held against them
    kind: times.Kind | None = "text"
    time, held = relation.names([columns.time]), "text that is not a time"
    if relation.engine.typed_times:
        dtype = relation.arrow(f"SELECT {time} FROM ({relation.rows}) AS w LIMIT 0").schema.field(0).type
        kind = times.kind_of(dtype)
        if kind in ("aware", "naive", "date"):
            return kind
        held = held if kind == "text" else str(dtype)
    unlike = f" AND {relation.engine.unlike_a_day(time)}" if kind == "text" else ""
    there = f"({relation.rows}) AS w WHERE {time} IS NOT NULL"
    odd = relation.fetch(f"SELECT {time} AS v FROM {there}{unlike} LIMIT 1")["v"]
    if not odd.empty:
        example = str(odd.iloc[0])
        raise NotATime(relation.where, columns.time, f"{held}, such as {example!r}", form_of(example))
    return kind


def within_sql(relation: Relation, columns: Columns, window: Window, kind: times.Kind) -> str:
    """The FROM and WHERE of the rows of a window; of text somewhat wider."""
    time = time_sql(relation, columns, kind)
    # Text without a type is cast to the type of the column, of seconds as well as of nanoseconds.
    start, end = times.bounds(window, kind, columns.time_zone)
    return f"({relation.rows}) AS w WHERE {time} >= '{start}' AND {time} < '{end}'"


def time_sql(relation: Relation, columns: Columns, kind: times.Kind) -> str:
    """The time column as SQL that compares with the bounds of a window."""
    name = relation.names([columns.time])
    # An ENUM of DuckDB is ordered by its levels.
    return relation.engine.text_time(name) if kind == "text" else name


def around(relation: Relation, columns: Columns, text: str) -> Window:
    """The days around a time of a column of text."""
    try:
        day = datetime.combine(date.fromisoformat(str(text)[:10]), datetime.min.time(), UTC)
    except ValueError:
        raise NotATime(relation.where, columns.time, f"text that is not a time, such as {text!r}") from None
    return Window(start=max(day - 2 * times.DAY, times.EVER.start), end=min(day + 3 * times.DAY, times.EVER.end))


def moments(relation: Relation, columns: Columns, window: Window) -> pd.Series[Any]:
    """The times within the window, of a column of text."""
    sql = f"SELECT {relation.names([columns.time])} FROM {within_sql(relation, columns, window, 'text')}"
    known = times.to_utc(relation.fetch(sql)[columns.time], "text", columns.time_zone, relation.where)
    return known.loc[inside(known, window)]


def strays(relation: Relation, columns: Columns, now: datetime) -> Strays:
    """Count the rows that no window up to `now` reaches, in one statement that indexes and statistics can answer."""
    if relation.fetch(f"SELECT 1 AS n FROM {relation.table} LIMIT 1").empty:
        return Strays()
    kind = time_kind(relation, columns)
    if kind is None:
        # No row has a time, so that its type says nothing.
        return Strays(timeless=int(relation.fetch(f"SELECT count(*) AS n FROM ({relation.rows}) AS w")["n"].iloc[0]))
    time, ahead = time_sql(relation, columns, kind), _after(now)
    first, _ = times.bounds(times.EVER, kind, columns.time_zone)
    soon, last = times.bounds(ahead, kind, columns.time_zone)
    outside = f"{time} < '{first}' OR {time} >= '{last}'"
    counts = relation.fetch(
        f"SELECT count(*) - count({time}) AS timeless, count(CASE WHEN {outside} THEN 1 END) AS outside, "
        f"count(CASE WHEN {time} >= '{soon}' AND {time} < '{last}' THEN 1 END) AS future "
        f"FROM ({relation.rows}) AS w WHERE {time} IS NULL OR {time} < '{first}' OR {time} >= '{soon}'"
    ).iloc[0]
    future = len(moments(relation, columns, ahead)) if kind == "text" and counts["future"] else int(counts["future"])
    return Strays(future, int(counts["timeless"]), int(counts["outside"]))


def _after(now: datetime) -> Window:
    return Window(start=min(now, times.EVER.end - times.DAY), end=times.EVER.end)
