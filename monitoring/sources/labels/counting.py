"""Labels of the whole table that serve no row: without a key, of the future, or of a key that no row has."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.labels import latest
from driftloop.monitoring.sources.labels.join import Join, joining
from driftloop.monitoring.sources.labels.keys import key_sql, spelled
from driftloop.monitoring.sources.labels.streaming import BATCH, Arrivals
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.timecolumn import time_sql

EXAMPLES = 3


@dataclass(frozen=True)
class LabelCounts:
    """Labels that serve no row.

    `known` are those of the span that was looked at, `rowless` those of them whose key no row of the source has, with
    `examples` of these keys; `keyless` and `future` are of the whole table.
    """

    known: int = 0
    rowless: int = 0
    keyless: int = 0
    future: int = 0
    examples: tuple[str, ...] = ()


def count_labels(
    source: Source, columns: Reading, since: datetime, now: datetime, present: datetime, folder: Path
) -> LabelCounts:
    """Count labels that serve no row; nothing without a table of labels.

    Labels without a row are looked for among those that became known from `since` to `now`, or among all where the
    table has no time; labels of the future are those known after `present`. Rows that `columns.filter` leaves out are
    rows nevertheless.
    """
    if columns.labels is None:
        return LabelCounts()
    with opened(source, folder, columns) as rows, joining(rows, columns, folder, now) as join:
        keyless, future = _unusable(join, present)
        known, rowless, examples = _rowless(join, since)
    return LabelCounts(known, rowless, keyless, future, examples)


def _unusable(join: Join, present: datetime) -> tuple[int, int]:
    labels = join.labels
    names = [labels.names([key.label.name]) for key in join.keys]
    lost = " OR ".join(f"{name} IS NULL" for name in names)
    late = "NULL"
    if join.timed and join.kind is not None:
        time = time_sql(labels, join.own, join.kind)
        ahead = Window(start=min(present + timedelta(microseconds=1), times.EVER.end - times.DAY), end=times.EVER.end)
        start, end = times.bounds(ahead, join.kind, join.own.time_zone)
        if join.kind == "text":  # wider by a day: what is within a day of the present is not of the future yet
            start = (present + 2 * times.DAY).date().isoformat()
        late = f"CASE WHEN {time} >= '{start}' AND {time} < '{end}' THEN 1 END"
    sql = f"SELECT count(CASE WHEN {lost} THEN 1 END) AS keyless, count({late}) AS future FROM ({labels.rows}) AS w"
    found = labels.fetch(sql).iloc[0]
    return int(found["keyless"]), int(found["future"])


def _since(join: Join, since: datetime) -> str:
    """The labels that became known since a moment, as a SELECT of k0 and so on, t, v and u; of text somewhat more."""
    if not join.timed or join.kind is None:
        return join.label_rows()
    start, _ = times.bounds(Window(start=since, end=times.EVER.end), join.kind, join.own.time_zone)
    return f"SELECT * FROM ({join.label_rows()}) AS l WHERE l.t >= '{start}'"


def _rowless(join: Join, since: datetime) -> tuple[int, int, tuple[str, ...]]:
    number = len(join.keys)
    names = [latest.at(at) for at in range(number)]
    if join.in_one_database:
        rows = ", ".join(
            f"{join.rows.names([key.row.name])} AS {name}" for key, name in zip(join.keys, names, strict=True)
        )
        ids = f"(SELECT {rows} FROM ({join.rows.compiled.derived}) AS w)"
        same = " AND ".join(f"r.{name} = l.{name}" for name in names)
        new = f"({_since(join, since)}) AS l"
        alone = f"FROM {new} WHERE NOT EXISTS (SELECT 1 FROM {ids} AS r WHERE {same})"
        total = int(join.rows.fetch(f"SELECT count(*) AS n FROM {new}")["n"].iloc[0])
        rowless = int(join.rows.fetch(f"SELECT count(*) AS n {alone}")["n"].iloc[0])
        shown = join.rows.fetch(f"SELECT {', '.join(f'l.{name}' for name in names)} {alone} LIMIT {EXAMPLES}")
        return total, rowless, _examples(shown.itertuples(index=False, name=None)) if rowless else ()
    with ExitStack() as stack:
        return _in_duckdb(join, since, names, stack)


def _in_duckdb(join: Join, since: datetime, names: list[str], stack: ExitStack) -> tuple[int, int, tuple[str, ...]]:
    engine = join.engine(stack)
    listed = ", ".join(names)
    if join.read_by(engine):
        source = _since(join, since)
        engine.ask(f"CREATE TEMP TABLE {NEW} AS SELECT {listed} FROM ({source}) AS l")
    else:
        arrivals = Arrivals(join.labels, _since(join, since), join.keys, join.kind, join.own, join.now, join.numeric)
        with arrivals.in_duckdb(engine) as name:
            engine.ask(f"CREATE TEMP TABLE {NEW} AS SELECT {listed} FROM {name}")
    ((total,),) = engine.ask(f"SELECT count(*) FROM {NEW}")
    if join.rows.engine.con is engine.con:
        keys = [
            f"{key_sql(join.rows.names([key.row.name]), key.row.holds, key.label.holds)} AS {name}"
            for key, name in zip(join.keys, names, strict=True)
        ]
        engine.ask("RESET disabled_optimizers")  # the smaller side is the one to be kept in memory
        rows = f"(SELECT {', '.join(keys)} FROM ({join.rows.compiled.derived}) AS w)"
        alone = f"FROM {NEW} AS l ANTI JOIN {rows} AS r USING ({listed})"
        engine.ask(f"CREATE TEMP TABLE {ALONE} AS SELECT {listed} {alone}")
    else:
        _without_rows_of_another_engine(join, engine, names)
    ((rowless,),) = engine.ask(f"SELECT count(*) FROM {ALONE}")
    shown = engine.ask(f"SELECT DISTINCT {listed} FROM {ALONE} ORDER BY ALL LIMIT {EXAMPLES}")
    return int(total), int(rowless), _examples(shown)


NEW, ALONE = '"driftloop: new labels"', '"driftloop: labels alone"'


def _without_rows_of_another_engine(join: Join, engine: DuckDB, names: list[str]) -> None:
    """Keep the labels whose key none of the rows has; the keys of the rows come some at a time."""
    import pandas as pd

    listed = ", ".join(names)
    engine.ask(f"CREATE TEMP TABLE {ALONE} AS SELECT {listed} FROM {NEW}")
    ids = list(dict.fromkeys(key.row.name for key in join.keys))
    for piece in join.rows.pieces(f"SELECT {join.rows.names(ids)} FROM ({join.rows.compiled.derived}) AS w", BATCH):
        part = pd.DataFrame(
            {name: spelled(piece[key.row.name], key) for key, name in zip(join.keys, names, strict=True)}
        ).dropna()
        engine.register('"driftloop: some keys"', part)
        same = " AND ".join(f"a.{name} = r.{name}" for name in names)
        engine.ask(f'DELETE FROM {ALONE} AS a USING "driftloop: some keys" AS r WHERE {same}')
        engine.unregister('"driftloop: some keys"')


def _examples(rows: Any) -> tuple[str, ...]:
    """Keys as text, those of several columns with commas in between."""
    return tuple(", ".join(str(value) for value in row) for row in rows)
