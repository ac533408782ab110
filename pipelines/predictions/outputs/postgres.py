"""Table of PostgreSQL: rows come by COPY, upserts by the primary key of the id."""

# ruff: noqa: S608  (names are quoted, values are bound)
from __future__ import annotations

import io
import re
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from driftloop.monitoring.errors import DriverMissing, OutputBusy, OutputUnusable
from driftloop.pipelines.predictions.outputs.table import Table, quoted

if TYPE_CHECKING:
    import pyarrow as pa

# The server may need a moment to notice that the process that held the lock was killed.
LOCK_SECONDS = 10.0
LOCK = "SELECT pg_try_advisory_lock(hashtext('driftloop predict'), hashtext(?))"
ADVICE = {
    "InvalidColumnReference": "add a primary key on the columns of columns.id, or name a new table",
    "InsufficientPrivilege": "grant the role CREATE on the schema, and INSERT, UPDATE, DELETE on both tables",
    "UndefinedColumn": "name a new table, or add the column to this one",
    "DatatypeMismatch": "name a new table, or change the type of the column",
}


class PostgresTable(Table):
    """One connection, whose session holds the lock."""

    types: ClassVar[dict[str, str]] = {
        "timestamp[us, tz=UTC]": "timestamptz",
        "string": "text",
        "int64": "bigint",
        "double": "double precision",
    }

    def __init__(self, url: str, table: str, where: str, scrub: Any) -> None:
        super().__init__(table, where)
        self._scrub = scrub
        try:
            import psycopg
        except ImportError:
            raise DriverMissing(where, "psycopg", "postgres") from None
        self._error = psycopg.Error
        address = re.sub(r"^postgres\w*(\+psycopg)?://", "postgresql://", url)
        try:
            self._con = psycopg.connect(
                address, autocommit=True, connect_timeout=10, application_name="driftloop", client_encoding="utf8"
            )
        except self._error as error:
            raise self._unusable(error) from None
        self._take_lock()

    def _take_lock(self) -> None:
        end = time.monotonic() + LOCK_SECONDS
        while not self.execute(LOCK, (self.table,))[0][0]:
            if time.monotonic() > end:
                self._con.close()
                raise OutputBusy(self.where)
            time.sleep(0.2)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            cursor = self._con.execute(sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None)
            return cursor.fetchall() if cursor.description else []
        except self._error as error:
            raise self._unusable(error) from None

    def exists(self, table: str) -> bool:
        return self.execute("SELECT to_regclass(?) IS NOT NULL", (table,))[0][0] is True

    def constraint(self) -> list[str]:
        return [f"PRIMARY KEY ({', '.join(map(quoted, self.keys))})"] if self.keys else []

    def insert(self, table: str, rows: pa.Table) -> None:
        from pyarrow import csv

        buffer = io.BytesIO()
        csv.write_csv(rows, buffer, csv.WriteOptions(include_header=False))
        names = ", ".join(map(quoted, rows.column_names))
        try:
            with self._con.cursor().copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
                copy.write(buffer.getbuffer())
        except self._error as error:
            raise self._unusable(error) from None

    def upsert(self, source: str) -> int:
        keys = ", ".join(map(quoted, self.keys))
        others = [quoted(name) for name in self.columns if name not in self.keys]
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        rows = self.execute(
            f"WITH written AS (INSERT INTO {self.table} ({self.named}) {source} "
            f"ON CONFLICT ({keys}) DO UPDATE SET {changes} RETURNING xmax = 0 AS inserted) "
            "SELECT count(*) FROM written WHERE NOT inserted"
        )
        return int(rows[0][0])

    def _unusable(self, error: Exception) -> OutputUnusable:
        text = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
        return OutputUnusable(
            self.where,
            self._scrub(" ".join(text.split()))[:400],
            expected="a database that answers, and a table of this role with the columns of the predictions",
            remedy=ADVICE.get(type(error).__name__, "correct it and run the command again: it continues"),
        )
