"""Table of a database: what both engines have in common. Rows and manifest are committed in one transaction."""

# ruff: noqa: S608  (names are quoted here, values are bound)
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from driftloop.monitoring.errors import OutputUnusable
from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs.base import Dropped, Output
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part

if TYPE_CHECKING:
    import pyarrow as pa

# The table with the manifest is named after the table of the rows.
PROGRESS = "_progress"
STAGE = "driftloop_stage"


class Table(Output):
    """Table of rows, and next to it a table with the manifest."""

    types: ClassVar[dict[str, str]]

    def __init__(self, table: str, where: str) -> None:
        self.where = where
        schema, _, name = table.rpartition(".")
        self.parts = (*((schema,) if schema else ()), name)
        self.table = ".".join(map(quoted, self.parts))
        self.progress = ".".join(map(quoted, (*self.parts[:-1], name + PROGRESS)))
        self.keys: tuple[str, ...] = ()
        self.columns: tuple[str, ...] = ()

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement with `?` for each value; return its rows."""

    @abstractmethod
    def insert(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table with the same columns."""

    @abstractmethod
    def upsert(self, source: str) -> int:
        """Write the rows of a SELECT by their key; return how many replaced a row."""

    def read(self) -> Manifest | None:
        if not self.exists(self.progress):
            return None
        rows = self.execute(f"SELECT manifest FROM {self.progress}")
        if not rows:
            return None
        try:
            return Manifest.model_validate_json(rows[0][0])
        except ValueError:
            raise OutputUnusable(
                self.progress,
                "has no manifest that this version of driftloop can read",
                expected=f"the manifest that `driftloop predict` wrote for {self.where}",
                remedy="restore it, or predict into another table",
            ) from None

    @abstractmethod
    def exists(self, table: str) -> bool:
        """Return whether there is a table of this quoted name."""

    def create(self, manifest: Manifest, schema: pa.Schema) -> None:
        self.keys, self.columns = manifest.key, manifest.columns
        kinds = {field.name: self.types[str(field.type)] for field in schema}
        declared = [f"{quoted(name)} {kind}{' NOT NULL' if name in self.keys else ''}" for name, kind in kinds.items()]
        self.execute("BEGIN")
        if not self.exists(self.table):
            self.execute(f"CREATE TABLE {self.table} ({', '.join([*declared, *self.constraint()])})")
        if not self.exists(self.progress):
            self.execute(f"CREATE TABLE {self.progress} (manifest text NOT NULL)")
        self._store(manifest)
        self.execute("COMMIT")
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
        self.execute(f"CREATE TEMPORARY TABLE {STAGE} ({columns})")

    def constraint(self) -> list[str]:
        """Return the constraint of the key, for a new table."""
        return []

    def begin(self, spans: Sequence[Window]) -> None:
        self.execute("BEGIN")
        manifest = self.read()
        known = {part.window for part in manifest.parts} if manifest else set()
        for span in known.intersection(spans):
            sql = f'DELETE FROM {self.table} WHERE "time" >= ? AND "time" < ?'
            self.execute(sql, (span.start, span.end))

    def add(self, span: int, rows: pa.Table) -> None:
        self.insert(STAGE if self.keys else self.table, rows)

    def commit(self, manifest: Manifest, written: Sequence[Part]) -> Dropped:
        dropped = self._keyed() if self.keys else Dropped()
        self._store(manifest)
        self.execute("COMMIT")
        return dropped

    def _keyed(self) -> Dropped:
        """Write the staged rows by their key: of several rows of a key the newest one."""
        keys = ", ".join(map(quoted, self.keys))
        known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in self.keys)
        staged, identified, distinct = self.execute(
            f"SELECT count(*), count(*) FILTER (WHERE {known}), count(DISTINCT ({keys})) FILTER (WHERE {known}) "
            f"FROM {STAGE}"
        )[0]
        source = STAGE
        if distinct < staged:
            nth = f'row_number() OVER (PARTITION BY {keys} ORDER BY "time" DESC) AS nth'
            source = f"(SELECT {self.named}, {nth} FROM {STAGE} WHERE {known}) AS s WHERE nth = 1"
        replaced = self.upsert(f"SELECT {self.named} FROM {source}")
        self.execute(f"DELETE FROM {STAGE}")
        return Dropped(without_id=staged - identified, duplicates=identified - distinct + replaced)

    @property
    def named(self) -> str:
        """The columns of the rows as SQL."""
        return ", ".join(map(quoted, self.columns))

    def _store(self, manifest: Manifest) -> None:
        self.execute(f"DELETE FROM {self.progress}")
        self.execute(f"INSERT INTO {self.progress} VALUES (?)", (manifest.model_dump_json(),))


def quoted(name: str) -> str:
    """Return a name as SQL.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
