"""Rows of a window in parts that other processes read: some files each, typed by all files of the source."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from driftloop.monitoring.errors import FileNotShared
from driftloop.monitoring.formats import FileFormat, Files, Look
from driftloop.monitoring.formats.base import restricted
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.describing import selected
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.places import Place
from driftloop.monitoring.sources.placing import Placing, read_names
from driftloop.monitoring.sources.relation import FileSource, Relation
from driftloop.monitoring.sources.timecolumn import time_kind, within_sql

if TYPE_CHECKING:
    import pandas as pd

# Bytes of small files that are read together: some 150,000 rows of 15 columns in parquet.
SHARD = 16 << 20


@dataclass(frozen=True)
class Described:
    """What reading some files takes and all of them determine: of a `Relation` what can be sent to another process."""

    where: str
    address: str
    format: FileFormat
    filesystem: Any
    headers: Mapping[str, tuple[str, ...]]
    schema: dict[str, str]
    kinds: dict[str, str]
    unread: dict[str, str]
    texts: frozenset[str]
    commas: frozenset[str]
    columns: Columns
    window: Window
    kind: times.Kind


@dataclass(frozen=True)
class Shard:
    """The rows of a window in some files. It can be pickled, and read wherever the files can be reached."""

    files: tuple[str, ...]
    sql: str
    described: Described
    looks: Mapping[str, Look]

    def frames(self, most: int) -> Iterator[pd.DataFrame]:
        """Yield the rows as `stream_rows` does, at least one frame; EngineError where a file cannot be read."""
        what = self.described
        if what.filesystem is None:
            for name in self.files:
                if not os.path.exists(name):
                    raise FileNotShared(name)
        at = Place(what.address, what.where, without_passwords)
        with closing(DuckDB.of_files(at, what.filesystem)) as engine:
            engine.set_zone(what.columns.time_zone)
            relation = self._relation(engine)
            placed = Placing(relation, what.columns, what.window, what.kind)
            yield from map(placed, relation.pieces(self.sql, most))

    def _relation(self, engine: DuckDB) -> Relation:
        what = self.described
        opener = partial(_open, what.filesystem)
        files = Files(self.files, self.looks, engine.ask, opener, engine.at.scrub)
        return Relation(
            engine,
            source=FileSource(what.format, files, engine, what.filesystem),
            headers={name: what.headers[name] for name in self.files},
            schema=what.schema,
            kinds=what.kinds,
            unread=what.unread,
            texts=what.texts,
            commas=what.commas,
        )


@dataclass(frozen=True)
class Sharded:
    """The shards of a window in the order of the source; the schema as in `Stream`."""

    shards: tuple[Shard, ...]
    schema: dict[str, str]


@contextmanager
def shard_rows(source: Source, columns: Columns, window: Window, folder: Path) -> Iterator[Sharded | None]:
    """Divide the files of a source; None where they have no rows.

    An `EngineError` that is raised inside becomes the error that `stream_rows` raises for it.
    """
    with opened(source, folder, columns) as relation:
        kind = time_kind(relation, columns)
        if kind is None:
            yield None
            return
        assert relation.source is not None
        inside = within_sql(relation, columns, window, kind)
        sql = f"SELECT {selected(relation, read_names(relation, columns))} FROM {inside}"
        described = Described(
            where=relation.where,
            address=relation.engine.at.text.partition("://")[0] + "://"
            if relation.source.filesystem is not None
            else "",
            format=relation.source.format,
            filesystem=relation.source.filesystem,
            headers=relation.headers,
            schema=relation.schema,
            kinds=relation.kinds,
            unread=relation.unread,
            texts=relation.texts,
            commas=relation.commas,
            columns=columns,
            window=window,
            kind=kind,
        )
        yield Sharded(tuple(_shards(relation, sql, described)), relation.schema)


def _shards(relation: Relation, sql: str, described: Described) -> Iterator[Shard]:
    looks = relation.looks
    for _, names in relation.groups:
        for files in grouped(names, [_size(described.filesystem, name) for name in names], SHARD):
            own = replace(described, headers={name: described.headers[name] for name in files})
            mine = restricted(sql, relation.groups, frozenset(files))
            yield Shard(files, mine, own, {name: looks[name] for name in files})


def grouped(names: tuple[str, ...], sizes: list[int], most: int) -> Iterator[tuple[str, ...]]:
    """Divide files into groups of neighbors that have at most some bytes together; a larger file is alone.

    >>> list(grouped(("a", "b", "c", "d"), [40, 40, 90, 10], most=100))
    [('a', 'b'), ('c', 'd')]
    """
    group: list[str] = []
    total = 0
    for name, size in zip(names, sizes, strict=True):
        if group and total + size > most:
            yield tuple(group)
            group, total = [], 0
        group.append(name)
        total += size
    yield tuple(group)


def _size(filesystem: Any, name: str) -> int:
    """Return the bytes of a file; of a store that does not know, as many as make it a shard."""
    try:
        return int(os.stat(name).st_size if filesystem is None else filesystem.size(name) or SHARD)
    except OSError:
        return SHARD


def _open(filesystem: Any, name: str) -> IO[Any]:
    return Path(name).open("rb") if filesystem is None else filesystem.open(name, "rb")
