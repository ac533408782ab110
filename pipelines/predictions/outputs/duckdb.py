"""Table of a DuckDB file. DuckDB itself lets one process write to a file at a time."""

# ruff: noqa: S608  (names are quoted, values are bound)
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from driftloop.monitoring.errors import OutputBusy, OutputUnusable
from driftloop.pipelines.predictions.outputs.table import STAGE, Table, quoted

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = "driftloop_rows"


class DuckDBTable(Table):
    """One connection. Without a primary key: its index would be held in memory, and grow with the rows."""

    types: ClassVar[dict[str, str]] = {
        "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
        "string": "VARCHAR",
        "int64": "BIGINT",
        "double": "DOUBLE",
    }

    def __init__(self, file: Path, table: str, where: str) -> None:
        import duckdb

        super().__init__(table, where)
        self._error = duckdb.Error
        try:
            self._con = duckdb.connect(str(file))
        except duckdb.Error as error:
            if "lock" in str(error):
                raise OutputBusy(where) from None
            raise self._unusable(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return list(self._con.execute(sql, list(values)).fetchall())
        except self._error as error:
            raise self._unusable(error) from None

    def exists(self, table: str) -> bool:
        schema = "current_schema()" if len(self.parts) == 1 else "?"
        name = self.parts[-1] if table == self.table else _unquoted(table)
        sql = "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() "
        rows = self.execute(f"{sql} AND table_schema = {schema} AND table_name = ?", (*self.parts[:-1], name))
        return bool(rows[0][0])

    def insert(self, table: str, rows: pa.Table) -> None:
        names = ", ".join(map(quoted, rows.column_names))
        try:
            self._con.register(ROWS, rows)
            self._con.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {ROWS}")
        except self._error as error:
            raise self._unusable(error) from None
        finally:
            self._con.unregister(ROWS)

    def upsert(self, source: str) -> int:
        same = " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in self.keys)
        replaced = self.execute(f"DELETE FROM {self.table} AS t USING {STAGE} AS s WHERE {same}")
        self.execute(f"INSERT INTO {self.table} ({self.named}) {source}")
        return int(replaced[0][0])

    def _unusable(self, error: Exception) -> OutputUnusable:
        return OutputUnusable(
            self.where,
            " ".join(str(error).split())[:400],
            expected="a DuckDB file that this process may write to, and a table with the columns of the predictions",
            remedy="correct it, or name another table or file, and run the command again",
        )


def _unquoted(table: str) -> str:
    return table.rpartition('."')[2].removeprefix('"').removesuffix('"').replace('""', '"')
