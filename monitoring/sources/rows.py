"""The rows of a window, their number, and the span of a source. Places, engines and times are in other files."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import DuplicateColumns
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.describing import aliases, rows_of, selected
from driftloop.monitoring.sources.labels import joining
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.placing import Placing, read_names
from driftloop.monitoring.sources.predictions import fit_predictions, with_predictions
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.sources.timecolumn import Strays, around, moments, strays, time_kind, time_sql, within_sql
from driftloop.monitoring.windows import inside as within_window

if TYPE_CHECKING:
    import pandas as pd

SAMPLED_FILES = 20
COUNTED = 1 << 18  # rows of a time column of text that are read at a time


@dataclass(frozen=True)
class Rows:
    """Rows of a window, ordered by time: the time column in UTC, the features, the target.

    `schema` names every column of the source with its type as the engine calls it, without the derived ones;
    `in_order` is whether the rows came in order of time.
    """

    frame: pd.DataFrame
    schema: dict[str, str]
    in_order: bool = True


@dataclass(frozen=True)
class Stream:
    """Rows of a window as they come, some at a time, with at least one frame; the schema as in `Rows`."""

    frames: Iterator[pd.DataFrame]
    schema: dict[str, str]


def read_rows(source: Source, columns: Columns, window: Window, folder: Path, now: datetime | None = None) -> Rows:
    """The rows of the window, and no other columns than are needed. A row without a time is in no window."""
    with stream_rows(source, columns, window, folder, most=None, now=now) as stream:
        (frame,) = stream.frames
    in_order = bool(frame[columns.time].is_monotonic_increasing)
    return Rows(in_order_of_time(frame, columns.time), stream.schema, in_order)


def in_order_of_time(frame: pd.DataFrame, time: str) -> pd.DataFrame:
    """The rows sorted by time; those of one moment stay as they were, so that the same data gives the same frame."""
    if frame[time].is_monotonic_increasing:
        return frame.reset_index(drop=True)
    return frame.sort_values(time, kind="stable", ignore_index=True)


@contextmanager
def stream_rows(
    source: Source, columns: Columns, window: Window, folder: Path, most: int | None, now: datetime | None = None
) -> Iterator[Stream]:
    """The rows that `read_rows` gives, about `most` at a time, in the order of the source.

    Memory does not grow with the rows. The frames must be taken inside the context. Labels in a table of their own are
    those known at `now`, or at the end of the window; the frames then have the columns of `labels.HIDDEN` as well. With
    `columns.scored_by` the frames have the predictions of that version, as `predictions.SCORED`.
    """
    with ExitStack() as stack:
        relation = stack.enter_context(opened(source, folder, columns))
        kind = time_kind(relation, columns)
        join = None
        if isinstance(columns, Reading) and columns.labels is not None:
            join = stack.enter_context(joining(relation, columns, folder, now or window.end))
        schema = relation.schema if join is None else relation.schema | {columns.target: join.target_type}
        if kind is None:
            yield Stream(iter([_nothing(columns)]), schema)
            return
        select, inside = selected(relation, read_names(relation, columns)), within_sql(relation, columns, window, kind)
        placed = Placing(relation, columns, window, kind)
        scored = None
        if isinstance(columns, Reading) and columns.predictions is not None and columns.scored_by is not None:
            scored = with_predictions(relation, columns, inside, folder, now or window.end, stack)

        if join is None:
            frames = relation.pieces(f"SELECT {select} FROM {inside}", most)
        else:
            frames = join.pieces(select, inside, most)
        yield Stream((placed(frame, scored) for frame in frames), schema)


def _nothing(columns: Columns) -> pd.DataFrame:
    import pandas as pd

    names = dict.fromkeys([*columns.in_rows, columns.target])
    empty = pd.DataFrame({name: pd.Series([], dtype=object) for name in names})
    return empty.astype({columns.time: "datetime64[us, UTC]"})


def fitting(source: Source, columns: Columns, folder: Path) -> dict[str, str]:
    """Give the source's columns with their types, if those of the config are among them; raise what is wrong if not.

    No rows are read but those that say what the time column holds. Of an empty source nothing is known. Labels in a
    table of their own have to be there as well, with keys that can equal those of the rows.
    """
    with opened(source, folder, columns) as relation:
        known = relation.schema if time_kind(relation, columns) is not None else {}
        if known and isinstance(columns, Reading) and columns.labels is not None:
            with joining(relation, columns, folder, times.EVER.end):
                pass
        if known and isinstance(columns, Reading):
            fit_predictions(relation, columns, folder)
        return known


def count_rows(source: Source, columns: Columns, window: Window, folder: Path) -> int:
    """How many rows `read_rows` would give, counted by the engine; of times kept as text the time column is read."""
    with opened(source, folder, columns) as relation:
        kind = time_kind(relation, columns)
        if kind is None:
            return 0
        inside = within_sql(relation, columns, window, kind)
        if kind == "text":
            texts = relation.pieces(f"SELECT {relation.names([columns.time])} FROM {inside}", COUNTED)
            known = (times.to_utc(piece[columns.time], kind, columns.time_zone, relation.where) for piece in texts)
            return sum(int(within_window(piece, window).sum()) for piece in known)
        return int(relation.fetch(f"SELECT count(*) AS n FROM {inside}")["n"].iloc[0])


def count_strays(source: Source, columns: Columns, now: datetime, folder: Path) -> Strays:
    """How many rows are in no window up to `now`: of the future, without a time, or with one that none reaches."""
    with opened(source, folder, columns) as relation:
        return strays(relation, columns, now)


def span(source: Source, columns: Columns, folder: Path) -> Window | None:
    """From the first time of the source to just after its last one; None if no row has a time."""
    with opened(source, folder, columns) as relation:
        kind = time_kind(relation, columns)
        if kind is None:
            return None
        time = time_sql(relation, columns, kind)
        within = within_sql(relation, columns, times.EVER, kind)
        ends = relation.fetch(f"SELECT min({time}) AS first, max({time}) AS last FROM {within}").iloc[0]
        if ends.isna().any():
            return None
        if kind == "text":
            # Text sorts by the day as written; with offsets the first moment may stand in a line of the next day.
            first, last = (moments(relation, columns, around(relation, columns, text)) for text in ends)
        else:
            first, last = (times.to_utc(ends[[name]], kind, columns.time_zone, relation.where) for name in ends.index)
    if first.empty or last.empty:
        return None
    return Window(start=first.min().to_pydatetime(), end=last.max().to_pydatetime() + timedelta(microseconds=1))


def newest(source: Source, columns: Columns, folder: Path, now: datetime) -> datetime | None:
    """The time of the newest row at or before `now`; None without such a row."""
    until = Window(start=times.EVER.start, end=min(now + timedelta(microseconds=1), times.EVER.end))
    with opened(source, folder, columns) as relation:
        kind = time_kind(relation, columns)
        if kind is None:
            return None
        within = within_sql(relation, columns, until, kind)
        last = relation.fetch(f"SELECT max({time_sql(relation, columns, kind)}) AS last FROM {within}")["last"]
        if last.isna().any():
            return None
        if kind != "text":
            known = times.to_utc(last, kind, columns.time_zone, relation.where)
        else:
            known = moments(relation, columns, around(relation, columns, last.iloc[0]))
            known = known[known < until.end]
            # All times of the last days are after `now`, by their offsets.
            known = moments(relation, columns, until) if known.empty else known
    return known.max().to_pydatetime() if len(known) else None


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
    with opened(source, folder, None) as relation:
        for file, header in relation.headers.items():
            twice = sorted({name for name in header if header.count(name) > 1})
            if twice:
                raise DuplicateColumns(relation.shown(file), twice)
        if time is not None:
            frame = _in_time(relation, f"({how})" if how else relation.names([time]), rows, more or {})
        elif not relation.files:
            return relation.fetch(f"SELECT * FROM {relation.table} LIMIT {rows}")
        else:
            picked = max(1, min(len(relation.files), SAMPLED_FILES, rows))
            files = [relation.files[at * (len(relation.files) - 1) // max(picked - 1, 1)] for at in range(picked)]
            parts = [f"({rows_of(relation, file)} LIMIT {-(-rows // picked)})" for file in files]
            frame = relation.fetch(f"SELECT * FROM ({' UNION ALL BY NAME '.join(parts)}) AS s LIMIT {rows}")
        names = {alias: name for name, alias in aliases(relation).items()} | {name: name for name in more or {}}
        frame = frame[[alias for alias in names if alias in frame]].rename(columns=names)
        frame.attrs["types"] = dict(relation.kinds)
        return frame


def _in_time(relation: Relation, moment: str, rows: int, more: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    wanted = ", ".join(["*", *(f"{sql} AS {relation.names([name])}" for name, sql in more.items())])
    table = f"({rows_of(relation)})" if relation.files else relation.table
    known = f"FROM {table} AS t WHERE {moment} IS NOT NULL"
    total = int(relation.fetch(f"SELECT count(*) AS n {known}")["n"].iloc[0])
    if total <= rows:
        return relation.fetch(f"SELECT {wanted} {known} ORDER BY {moment}")
    newest = rows // 5
    every = -(-total // (rows - newest))
    parted = relation.engine.every(every)
    if parted:
        early, late = f"{known} AND {parted[0]} ORDER BY {moment}", f"{known} AND {parted[1]}"
    else:
        early, late = f"{known} LIMIT {rows - newest}", known
    newest_first = f"{late} ORDER BY {moment} DESC LIMIT {newest}"
    parts = [relation.fetch(f"SELECT {wanted} {early}"), relation.fetch(f"SELECT {wanted} {newest_first}")]
    return pd.concat([parts[0], parts[1].iloc[::-1]], ignore_index=True)
