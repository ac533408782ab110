"""PostgreSQL: a connection that only reads, its tables, and rows as Arrow through COPY.

Nothing is made on the server, not even a temporary view: a role that may only read will do, and so will a standby.
"""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from driftloop.monitoring.errors import DriftloopError, DriverMissing
from driftloop.monitoring.sources.engines.base import Engine, EngineError
from driftloop.monitoring.sources.engines.ibis_parts import native
from driftloop.monitoring.sources.expressions import names_sql
from driftloop.monitoring.sources.places import Place
from driftloop.monitoring.sources.typed import LONGEST, shortened

if TYPE_CHECKING:
    import pyarrow as pa

# A host that does not answer is told after seconds; libpq alone would wait for minutes.
SETTINGS = {"connect_timeout": "10", "application_name": "driftloop", "client_encoding": "utf8"}
TABLES = """
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_t' AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY 3 DESC, 1, 2"""
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
# Moments travel as numbers: as text they depend on settings and on the calendar, and infinity is no moment.
SINCE_1970 = "CASE WHEN isfinite({0}) THEN (extract(epoch FROM {0}) * 1000000)::bigint END"
# By the type's number, which never changes: what is selected, as what it is read, and what becomes of it.
KINDS = {
    16: ("{0}", "bool", None),
    17: ("encode({0}, 'hex')", "string", "binary"),
    20: ("{0}", "int64", None),
    21: ("{0}", "int16", None),
    23: ("{0}", "int32", None),
    26: ("{0}", "int64", None),
    700: ("{0}", "float32", None),
    701: ("{0}", "float64", None),
    1042: ("{0}::text", "string", None),  # char(n), without the blanks that fill it up
    1082: ("CASE WHEN isfinite({0}) THEN {0} - DATE '1970-01-01' END", "int32", "date"),
    1114: (SINCE_1970, "int64", "naive"),
    1184: (SINCE_1970, "int64", "aware"),
    1700: ("{0}", "float64", None),
}
# Enums, JSON, arrays, intervals, addresses: as the server writes them.
AS_TEXT = ("{0}::text", "string", None)
EXACT = ("{0}::text", "string", "exact")
FLOATS = (700, 701, 1700)
COUNTED_AS = {
    **dict.fromkeys((20, 21, 23, 26), "integer"),
    **dict.fromkeys((700, 701), "float"),
    **dict.fromkeys((19, 25, 1042, 1043), "text"),
    **dict.fromkeys((1082, 1114, 1184), "moment"),
    16: "boolean",
    1700: "decimal",
}
TEXTS = ("{0}::text",)
BLOCK = 1 << 24


class Postgres(Engine):
    """A server of PostgreSQL, or one that speaks its protocol and has its catalog."""

    name = "postgres"
    schemes = ("postgres", "postgresql", "postgresql+psycopg")

    @classmethod
    def connect(cls, at: Place, folder: Path) -> Self:  # noqa: ARG003 (a server is in no folder)
        """A connection that cannot write. The URL is libpq's, with all of its options."""
        import ibis
        import psycopg

        url = at.text
        settings: Any = {name: value for name, value in SETTINGS.items() if f"{name}=" not in url.partition("?")[2]}
        address = re.sub(r"^postgres\w*(\+psycopg)?://", "postgresql://", url)
        opened = psycopg.connect(address, autocommit=True, **settings)
        opened.execute("SET default_transaction_read_only = on")
        return cls(ibis.postgres.from_connection(opened), at)

    @classmethod
    def refusal(cls, error: Exception, at: Place) -> DriftloopError:
        if isinstance(error, ImportError):
            return DriverMissing(at.where, "psycopg", "postgres")
        return super().refusal(error, at)

    def lost(self) -> bool:
        return bool(native(self.con).closed)

    def tables(self, wanted: str) -> dict[str, tuple[str, ...]]:
        """Tables and views of all kinds, by name where the search path finds them, else by schema.name."""
        rows = native(self.con).execute(TABLES).fetchall()
        found = {name if visible else f"{schema}.{name}": (schema, name) for schema, name, visible in rows}
        parts = tuple(wanted.split(".", 1))
        return found | ({wanted: parts} if parts in found.values() else {})

    def schema(self, parts: Sequence[str], table: str) -> dict[str, str]:
        return dict(self.asked(lambda: native(self.con).execute(COLUMNS, (table,)).fetchall()))

    def arrow(self, sql: str, texts: Collection[str]) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables(_copied(self.con, sql, texts))

    def batches(self, sql: str, most: int, texts: Collection[str]) -> Iterator[pa.Table]:
        return _copied(self.con, sql, texts)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        open_ = native(self.con)
        self.asked(lambda: open_.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        try:
            yield
        finally:
            self._undo("ROLLBACK")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        open_ = native(self.con)
        self.asked(lambda: open_.execute("SAVEPOINT driftloop"))
        try:
            yield
        except BaseException:
            self._undo("ROLLBACK TO SAVEPOINT driftloop")
            raise
        self.asked(lambda: open_.execute("RELEASE SAVEPOINT driftloop"))

    def _undo(self, statement: str) -> None:
        # A connection that broke has no transaction any more, and what broke it is being raised.
        with suppress(EngineError):
            self.asked(lambda: native(self.con).execute(statement))

    def kinds(self, sql: str) -> list[str]:
        known = self.asked(lambda: native(self.con).execute(sql).description)
        return [COUNTED_AS.get(column.type_code, "other") for column in known]

    def set_zone(self, zone: str) -> None:
        self.asked(lambda: self.con.raw_sql(f"SET TimeZone = '{zone}'"))

    def floats(self, sql: str) -> Sequence[str]:
        known = self.asked(lambda: native(self.con).execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0").description)
        return [column.name for column in known if column.type_code in FLOATS]

    def is_float(self, kind: str) -> bool:
        return kind in ("real", "double precision") or kind.startswith("numeric")


def _copied(con: Any, sql: str, texts: Collection[str]) -> Iterator[pa.Table]:
    """The rows of a SELECT as they come, some megabytes at a time; a single table without rows if there are none.

    Exact numbers come as the nearest floats, in the columns of `texts` with all of their digits.
    """
    import pyarrow as pa
    from pyarrow import csv

    known = native(con).execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0").description
    names = [column.name for column in known]
    kinds = [
        EXACT if column.type_code == 1700 and column.name in texts else KINDS.get(column.type_code, AS_TEXT)
        for column in known
    ]
    types = [pa.type_for_alias(kind) for _, kind, _ in kinds]
    quoted = [names_sql([name], con.dialect) for name in names]
    select = ", ".join(
        f"{_value(name, how, becomes)} AS {name}" for name, (how, _, becomes) in zip(quoted, kinds, strict=True)
    )
    convert = csv.ConvertOptions(
        column_types=dict(zip(names, types, strict=True)),
        # Null is nothing at all; text of no letters stands in quotes.
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    with native(con).cursor().copy(f"COPY (SELECT {select} FROM (\n{sql}\n) AS q) TO STDOUT (FORMAT csv)") as copy:
        stream = io.BufferedReader(_Copied(copy), BLOCK)
        if not stream.peek(1):
            yield _shaped(pa.schema(zip(names, types, strict=True)).empty_table(), kinds)
            return
        reader = csv.open_csv(
            pa.PythonFile(stream, "r"),
            csv.ReadOptions(column_names=names, block_size=BLOCK),
            # A line that is empty is a row of one column that is null.
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert,
        )
        for batch in reader:
            yield _shaped(pa.Table.from_batches([batch]), kinds)


def _value(name: str, how: str, becomes: str | None) -> str:
    value = how.format(name)
    if becomes == "binary":
        return f"CASE WHEN octet_length({name}) > {LONGEST} THEN md5({name}) ELSE {value} END"
    return shortened(value, "octet_length") if how in TEXTS and becomes is None else value


class _Copied(io.RawIOBase):
    """What COPY sends, as a file to be read."""

    def __init__(self, copy: Any) -> None:
        self.rest, self.blocks = memoryview(b""), iter(copy)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.rest:
            self.rest = memoryview(next(self.blocks, b""))
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def _shaped(table: pa.Table, kinds: Sequence[tuple[str, str, str | None]]) -> pa.Table:
    for at, (_, _, becomes) in enumerate(kinds):
        if becomes is not None:
            table = table.set_column(at, table.column_names[at], _become(table.column(at), becomes))
    return table


def _become(values: pa.ChunkedArray, what: str) -> Any:
    import pyarrow as pa

    from driftloop.monitoring.served.spelling import spell

    if what == "binary":
        return pa.array([None if value is None else bytes.fromhex(value) for value in values.to_pylist()], pa.binary())
    if what == "exact":
        encoded = values.combine_chunks().dictionary_encode()
        spelled = [None if text is None else spell(Decimal(text)) for text in encoded.dictionary.to_pylist()]
        return pa.array(spelled, pa.string()).take(encoded.indices)
    if what == "date":
        return values.cast(pa.date32())
    return values.cast(pa.timestamp("us", tz="UTC" if what == "aware" else None))
