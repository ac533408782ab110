"""SQLite: values have types, columns do not; so times are text, and rows come by its own cursor."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from driftloop.monitoring.formats.base import literal
from driftloop.monitoring.sources import frames
from driftloop.monitoring.sources.engines.base import FileEngine
from driftloop.monitoring.sources.engines.ibis_parts import native
from driftloop.monitoring.sources.places import Place, database_file
from driftloop.monitoring.sources.times import ISO_DAY_GLOB
from driftloop.monitoring.sources.typed import LONGEST

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TABLES = (
    "SELECT schema, name FROM pragma_table_list "
    "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


class SQLite(FileEngine):
    """Opened so that it cannot write."""

    name = "sqlite"
    schemes = ("sqlite",)
    typed_times = False  # whatever a column is declared as
    flat = True  # its parser takes no more than a dozen

    @classmethod
    def connect(cls, at: Place, folder: Path) -> Self:
        import ibis

        engine = cls(ibis.sqlite.connect(database_file(at.text, at, folder)), at)
        try:
            engine.con.raw_sql("PRAGMA query_only = ON")
        except Exception:
            engine.close()
            raise
        return engine

    def tables(self, wanted: str) -> dict[str, tuple[str, ...]]:
        return self.by_schema(self.con.raw_sql(TABLES).fetchall())

    def schema(self, parts: Sequence[str], table: str) -> dict[str, str]:
        sql = f"SELECT name, type FROM pragma_table_xinfo({literal(parts[-1])}) WHERE hidden <> 1"  # noqa: S608
        return dict(self.ask(sql))

    def arrow(self, sql: str, texts: Collection[str]) -> pa.Table:
        return self.con.sql(sql).to_pyarrow()

    def batches(self, sql: str, most: int, texts: Collection[str]) -> Iterator[pa.Table]:
        raise NotImplementedError("rows of SQLite come as frames, by `pieces`")

    def pieces(self, sql: str, most: int | None, texts: Collection[str]) -> Iterator[pd.DataFrame]:
        # Not through ibis: a value that is not of its column's declared type is no error in SQLite.
        cursor = self.asked(lambda: self.con.raw_sql(sql))
        names = [column[0] for column in cursor.description]
        rows = self.asked(cursor.fetchall if most is None else partial(cursor.fetchmany, most))
        yield frames.from_records(rows, names, texts)
        while most is not None and len(rows) == most and (rows := self.asked(partial(cursor.fetchmany, most))):
            yield frames.from_records(rows, names, texts)

    def cut(self, names: Sequence[str], rows: str) -> dict[str, str]:
        native(self.con).create_function("md5", 1, _md5, deterministic=True)
        return {name: _cut(self.names([name])) for name in names}

    def text_time(self, name: str) -> str:
        return name  # an index would not be used through a cast

    def unlike_a_day(self, column: str) -> str:
        return f"CAST({column} AS TEXT) NOT GLOB '{ISO_DAY_GLOB}*'"  # it has no regular expressions


def _cut(value: str) -> str:
    first = f"substr({value}, 1, {LONGEST}) || '... ' || md5({value})"
    digits = f"'0x' || lower(hex(substr({value}, 1, {LONGEST // 2 - 1}))) || '... ' || md5({value})"
    return (
        f"CASE WHEN length({value}) <= {LONGEST} THEN {value} WHEN typeof({value}) = 'text' THEN {first} "
        f"WHEN typeof({value}) = 'blob' THEN {digits} ELSE {value} END"
    )


def _md5(value: Any) -> str:
    return hashlib.md5(value if isinstance(value, bytes) else str(value).encode(), usedforsecurity=False).hexdigest()
