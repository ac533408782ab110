"""The generic engine: any other database that ibis connects to, by ibis's own means, without rules of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from driftloop.monitoring.sources.engines.base import Engine, in_batches
from driftloop.monitoring.sources.engines.ibis_parts import type_name
from driftloop.monitoring.sources.places import Place

if TYPE_CHECKING:
    import pyarrow as pa


class AnyIbis(Engine):
    """MySQL, Snowflake, BigQuery, Trino and all others of `ibis.connect`."""

    name = "ibis"
    # Those that are known to be databases without a look; any other scheme of ibis is read as well.
    schemes = ("mysql", "mssql", "snowflake", "bigquery", "trino", "oracle")

    @classmethod
    def connect(cls, at: Place, folder: Path) -> Self:  # noqa: ARG003 (a server is in no folder)
        import ibis

        return cls(ibis.connect(at.text), at)

    def tables(self, wanted: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {name: (name,) for name in self.con.list_tables()}
        *schema, _ = wanted.split(".")
        if schema and wanted not in found:
            there = self.con.list_tables(database=schema[0] if len(schema) == 1 else tuple(schema))
            found |= {".".join([*schema, name]): (*schema, name) for name in there}
        return found

    def schema(self, parts: Sequence[str], table: str) -> dict[str, str]:
        *schema, name = parts
        known: Any = self.asked(lambda: self.con.table(name, database=tuple(schema) or None).schema())
        return {column: type_name(self.con, dtype) for column, dtype in known.items()}

    def arrow(self, sql: str, texts: Collection[str]) -> pa.Table:
        return self.con.sql(sql).to_pyarrow()

    def batches(self, sql: str, most: int, texts: Collection[str]) -> Iterator[pa.Table]:
        return in_batches(lambda: self.con.sql(sql).to_pyarrow_batches(chunk_size=most))
