"""DuckDB: database files, MotherDuck, and the engine that reads all files."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from driftloop.monitoring.sources.engines.base import FileEngine, in_batches
from driftloop.monitoring.sources.engines.ibis_parts import native
from driftloop.monitoring.sources.places import Place, database_file
from driftloop.monitoring.sources.typed import LONGEST, shortened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# ibis 12 cannot list the tables of DuckDB 2.
TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database()"
FLOATS = ("FLOAT", "DOUBLE")
CLOUD = ("md:", "motherduck:")
# Errors of DuckDB after which the connection refuses every statement.
BROKEN = frozenset({"FatalException", "InternalException"})
FRAMES = threading.local()  # the connection for frames of each thread


class DuckDB(FileEngine):
    """Opened read-only, so that several checks can read in parallel."""

    name = "duckdb"
    schemes = ("duckdb",)
    text_types = True
    computes_once = True

    @classmethod
    def connect(cls, at: Place, folder: Path) -> Self:
        import ibis

        if at.text.partition("://")[2].startswith(CLOUD):
            return cls(ibis.connect(at.text), at)
        options = dict(parse_qsl(at.text.partition("?")[2])) | {"read_only": True}
        return cls(ibis.duckdb.connect(database_file(at.text, at, folder), **options), at)

    @classmethod
    def of_files(cls, at: Place, filesystem: Any) -> Self:
        """A connection without a database, to read files through."""
        import ibis

        engine = cls(ibis.duckdb.connect(), at)
        engine.reach(filesystem)
        return engine

    def reach(self, filesystem: Any) -> None:
        """Read files of a file system of fsspec, too; None is this machine's own."""
        if filesystem is not None and not self.at.text.startswith("http"):  # over HTTP DuckDB reads by itself
            self.con.register_filesystem(filesystem)

    def tables(self, wanted: str) -> dict[str, tuple[str, ...]]:
        return self.by_schema(self.con.raw_sql(TABLES).fetchall())

    def schema(self, parts: Sequence[str], table: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.ask(f"DESCRIBE SELECT * FROM {table}")}

    def arrow(self, sql: str, texts: Collection[str]) -> pa.Table:
        return native(self.con).sql(sql).to_arrow_table()

    def batches(self, sql: str, most: int, texts: Collection[str]) -> Iterator[pa.Table]:
        return in_batches(lambda: native(self.con).sql(sql).to_arrow_reader(most))

    def beside(self, sql: str) -> list[Any]:
        """The rows of a statement while those of another one are on their way."""
        return self.asked(lambda: native(self.con).cursor().execute(sql).fetchall())  # type: ignore[no-any-return]

    def register(self, name: str, rows: Any) -> None:
        """Give a frame a quoted name, or a reader of Arrow, which can be read once."""
        self.asked(lambda: native(self.con).register(name.strip('"'), rows))

    def unregister(self, name: str) -> None:
        self.asked(lambda: native(self.con).unregister(name.strip('"')))

    def add(self, table: str, rows: pd.DataFrame) -> None:
        """Add rows to a table of this connection; the columns are in its order."""
        self.register('"driftloop: more"', rows)
        self.ask(f'INSERT INTO {table} SELECT * FROM "driftloop: more"')
        self.unregister('"driftloop: more"')

    def one_thread(self) -> None:
        """Read with one thread from now on."""
        self.asked(lambda: self.con.raw_sql("SET threads = 1"))

    def set_zone(self, zone: str) -> None:
        self.asked(lambda: self.con.raw_sql(f"SET TimeZone = '{zone}'"))

    def cut(self, names: Sequence[str], rows: str) -> dict[str, str]:
        kinds = dict(row[:2] for row in self.ask(f"DESCRIBE SELECT {self.names(names)} FROM ({rows}) AS w"))
        texts = {name: cut_text(self.names([name])) for name, kind in kinds.items() if kind == "VARCHAR"}
        return texts | {name: cut_bytes(self.names([name])) for name, kind in kinds.items() if kind == "BLOB"}

    def floats(self, sql: str) -> Sequence[str]:
        return [row[0] for row in self.ask(f"DESCRIBE {sql}") if self.is_float(row[1])]

    def is_float(self, kind: str) -> bool:
        return kind in FLOATS

    def no_nan(self, value: str) -> str:
        return no_nan(value)

    def every(self, nth: int) -> tuple[str, str] | None:
        # By the content of a row: the same rows for the same data, whatever runs at the same time.
        return f"hash(t) % {nth} = 0", f"hash(t) % {nth} <> 0"


def no_nan(value: str) -> str:
    """SQL of a float, NaN made null."""
    # By the statistics of parquet, which know no NaN, isnan(x) and x = 'nan' are folded to false.
    return f"CASE WHEN isfinite({value}) OR isinf({value}) THEN {value} END"


def of_frame(sql: str, name: str, frame: pd.DataFrame | pa.Table, zone: str | None = None) -> pa.Table:
    """Return the rows of a SELECT from a frame, called `name` there, in its order.

    The statement reaches no file and no network. Moments have the clock of `zone`, by default of this machine.
    """
    con = _of_thread(zone)
    try:
        con.register(name, frame)
        return con.sql(sql).to_arrow_table()
    except Exception as error:
        if type(error).__name__ in BROKEN:
            FRAMES.backends.pop(zone)
        raise
    finally:
        with suppress(Exception):  # of a connection that is broken
            con.unregister(name)


def _of_thread(zone: str | None) -> Any:
    """Return this thread's connection to frames: opening one takes longer than a statement on 65,536 rows."""
    import ibis

    if not hasattr(FRAMES, "backends"):
        FRAMES.backends = {}
    if zone not in FRAMES.backends:
        FRAMES.backends[zone] = ibis.duckdb.connect(threads=1, enable_external_access=False)
        if zone is not None:
            FRAMES.backends[zone].raw_sql(f"SET TimeZone = '{zone}'")
    return native(FRAMES.backends[zone])


def cut_text(value: str) -> str:
    """SQL that cuts long text, as `canonical.shortened` does."""
    return shortened(value, "strlen")  # in bytes, which is known without a look


def cut_bytes(value: str) -> str:
    """SQL that puts a checksum in the place of long bytes."""
    return f"CASE WHEN octet_length({value}) > {LONGEST} THEN encode(md5({value})) ELSE {value} END"
