"""From a source of the config to an open relation: files found and looked at, or a table found in a database."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from driftloop.monitoring.errors import BadExpression, SourceMissing, listed
from driftloop.monitoring.formats import FileFormat, Files, Look
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import places
from driftloop.monitoring.sources.describing import describe
from driftloop.monitoring.sources.encoded import in_utf8
from driftloop.monitoring.sources.engines import Engine, EngineError, of_url
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.lake import open_lake
from driftloop.monitoring.sources.relation import FileSource, Relation, blame

# Looks by path, time and size of the file.
LOOKS: dict[tuple[str, str, int, int, int], Look] = {}
LOOKS_KEPT = 10_000
SETTLED = 2_000_000_000  # nanoseconds
LOOKED = threading.Lock()
TABLES = itertools.count(1)  # names of tables in files, each once in the process


@contextmanager
def opened(source: Source, folder: Path, columns: Columns | None, beside: Relation | None = None) -> Iterator[Relation]:
    """A connection of this call's own, closed at the end; what an engine raises becomes an error with its cause.

    With `beside`, the connection of that relation is used where it reaches this source too, so that one statement can
    read both: files through any connection of DuckDB, and tables of the same database.
    """
    at = places.place(source, folder)
    shared = beside.engine if beside is not None else None
    with ExitStack() as stack:
        open_ = _files if source.path else _table if source.url else _lake
        relation = open_(source, folder, at, stack, shared)
        try:
            if columns:
                _set_up(relation, columns)
            describe(relation, columns)
            yield relation
        except EngineError as failed:
            raise blame(relation, str(failed)) from None


def _lake(source: Source, folder: Path, at: places.Place, stack: ExitStack, shared: Engine | None = None) -> Relation:
    lake = open_lake(source, folder, at)
    from driftloop.monitoring.sources.lake_scan import Scanned

    if isinstance(shared, DuckDB):
        engine = shared.at_another_place(at)
    else:
        engine = DuckDB.of_files(at, None)
        stack.callback(engine.close)
    scanned, name = Scanned(lake), f"driftloop: table {next(TABLES)}"
    engine.register(name, scanned)
    return Relation(engine, parts=(name,), lake=scanned)


def _set_up(relation: Relation, columns: Columns) -> None:
    classes = [columns.target] if columns.types.get(columns.target) == "text" else []
    spelled = [*columns.categorical, *columns.id_alone, *columns.extra_alone("categorical"), *columns.by_rules]
    relation.texts = frozenset([*spelled, *classes])
    try:
        relation.engine.set_zone(columns.time_zone)
    except EngineError as failed:
        raise BadExpression("columns.time_zone", columns.time_zone, str(failed)) from None


def _files(source: Source, folder: Path, at: places.Place, stack: ExitStack, shared: Engine | None = None) -> Relation:
    found, of = places.files(at, folder), source.file_format
    if source.encoding is not None:
        found, at = in_utf8(found, at, source.encoding, stack)
    looks = {name: _look(of, at, found, name) for name in found.names}
    # A file of a header alone would turn the columns of all others into text.
    names = tuple(name for name in found.names if looks[name].has_rows) or found.names[:1]
    if isinstance(shared, DuckDB):
        engine = shared.at_another_place(at)
        engine.reach(found.filesystem)
    else:
        engine = DuckDB.of_files(at, found.filesystem)
        stack.callback(engine.close)
    files = Files(names, {name: looks[name] for name in names}, engine.ask, found.open, at.scrub)
    return Relation(engine, source=FileSource(of, files, engine, found.filesystem))


def _look(of: FileFormat, at: places.Place, found: places.Files, name: str) -> Look:
    """What the bytes of a file show, read once for as long as the file does not change."""
    look = partial(of.look, at.scrub(name), partial(found.open, name))
    if found.filesystem is not None:
        return look()
    facts = os.stat(name)
    key = (of.name, name, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    with LOOKED:
        known = LOOKS.get(key)
    if known is None:
        known = look()
        # A file that was written just now may be written again within the same tick of the clock.
        if time.time_ns() - facts.st_mtime_ns > SETTLED:
            with LOOKED:
                LOOKS[key] = known
                while len(LOOKS) > LOOKS_KEPT:
                    LOOKS.pop(next(iter(LOOKS)))
    return known


def _table(source: Source, folder: Path, at: places.Place, stack: ExitStack, shared: Engine | None = None) -> Relation:
    if shared is not None and shared.at.text == at.text:
        engine = shared.at_another_place(at)
        known = engine.asked(lambda: engine.tables(source.table or ""))
    else:
        engine, known = of_url(at.text).opened(at, folder, source.table or "")
        stack.callback(engine.close)
    wanted = source.table or ""
    wanted = wanted.removeprefix(f"{engine.default_schema}.") if engine.default_schema else wanted
    parts = known.get(wanted) or {name.casefold(): parts for name, parts in known.items()}.get(wanted.casefold())
    if parts is None:
        there = f"the database has {listed(known, 20)}" if known else "the database has no tables"
        raise SourceMissing(at.where, f"no such table; {there}", f"correct {at.section}.table")
    return Relation(engine, parts=parts)
