"""Tables of Iceberg, read by `pyiceberg`, which leaves out the rows that position deletes remove."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, StaticTable, Table
from pyiceberg.types import DateType, IntegerType, LongType, TimestampType, TimestamptzType

from driftloop.monitoring.errors import SourceMissing, SourceUnreadable
from driftloop.monitoring.settings.secrets import expand
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.lake import ACCESS, Batches, Lake, text
from driftloop.monitoring.sources.lake_scan import Bounds, Part, by_parts, conformed
from driftloop.monitoring.sources.places import Place, database_file, is_metadata

COMPARED = (DateType, IntegerType, LongType, TimestampType, TimestamptzType)
PURGE = (
    "rewrite its files without the removed rows (Spark: CALL system.rewrite_data_files with delete-file-threshold 1)"
)


def opened(at: Place, source: Source, folder: Path) -> Lake:
    """Open a table at a snapshot, or at its newest one."""
    table = _static(at, source) if is_metadata(at.text) else _of_catalog(at, source, folder)
    wanted, newest = source.version, table.current_snapshot()
    snapshot = newest if wanted is None else table.metadata.snapshot_by_id(wanted)
    if wanted is not None and snapshot is None:
        there = f"the newest is {newest.snapshot_id}" if newest else "it has none"
        raise SourceMissing(
            at.where, f"there is no snapshot {wanted} (any more); {there}", f"correct or remove {at.section}.version"
        )
    scan = table.scan(snapshot_id=wanted)
    known = scan.projection()
    schema = pa.schema([field.remove_metadata() for field in schema_to_pyarrow(known, include_field_ids=False)])
    if snapshot is None:
        return Lake("iceberg", None, schema, by_parts(schema, ()))
    try:
        tasks = list(scan.plan_files())
    except (ValueError, NotImplementedError) as error:
        if "equality delete" not in str(error):
            raise
        why = "it has equality deletes, which pyiceberg cannot apply: removed rows would come back"
        raise SourceUnreadable(at.where, why, PURGE) from None
    return Lake("iceberg", snapshot.snapshot_id, schema, _batches(table, known, schema, tasks))


def _static(at: Place, source: Source) -> Table:
    try:
        return StaticTable.from_metadata(at.text, _properties(source))
    except FileNotFoundError:
        remedy = f"name a file metadata/*.metadata.json in {at.section}.iceberg, or a table with {at.section}.catalog"
        raise SourceMissing(at.where, "no such file of metadata", remedy) from None
    except OSError as error:
        raise SourceMissing(at.where, text(error, at), ACCESS) from None
    except Exception as error:
        why = f"it is not the metadata of an Iceberg table: {text(error, at)}"
        raise SourceUnreadable(at.where, why, f"name a file metadata/*.metadata.json in {at.section}.iceberg") from None


def _of_catalog(at: Place, source: Source, folder: Path) -> Table:
    properties = _properties(source)
    # A catalog in a database has the tables of several catalogs, by name.
    inside = properties.pop("name", "default") if properties else None
    name = source.catalog if isinstance(source.catalog, str) else inside
    if properties.get("uri", "").startswith("sqlite"):
        # Otherwise an empty catalog would be created.
        properties["uri"] = f"sqlite:///{database_file(properties['uri'], at, folder, 'catalog')}"
    if properties.get("type") == "sql" or "sql" in properties.get("uri", "").partition(":")[0]:
        properties.setdefault("init_catalog_tables", "false")
    fix = f"check {at.section}.catalog, the network and the credentials in the environment"
    try:
        catalog = load_catalog(name, **properties)
    except ImportError:
        raise
    except Exception as error:
        raise SourceMissing(at.where, f"the catalog cannot be opened: {text(error, at)}", fix) from None
    try:
        return catalog.load_table(source.address)
    except (NoSuchTableError, NoSuchNamespaceError):
        raise SourceMissing(
            at.where, f"no such table{_others(catalog, source)}", f"correct {at.section}.iceberg"
        ) from None
    except FileNotFoundError as error:
        raise SourceMissing(
            at.where, f"its metadata is gone: {text(error, at)}", "restore it, or drop the table"
        ) from None
    except Exception as error:
        raise SourceMissing(at.where, f"the catalog cannot be read: {text(error, at)}", fix) from None


def _properties(source: Source) -> dict[str, str]:
    written = source.catalog if isinstance(source.catalog, dict) else {}
    return {key: expand(value, f"{source.section}.catalog.{key}") for key, value in written.items()}


def _others(catalog: Any, source: Source) -> str:
    namespace = source.address.rpartition(".")[0]
    try:
        there = sorted(".".join(name) for name in catalog.list_tables(namespace))
    except Exception:
        return f"; there is no namespace {namespace!r}"
    return f"; {namespace} has {', '.join(there[:20]) or 'no tables'}"


@dataclass(frozen=True)
class _File:
    task: FileScanTask
    schema: Schema
    arrow: pa.Schema
    table: Table

    def bounds(self, name: str) -> Bounds | None:
        field, file = self.schema.find_field(name), self.task.file
        if not isinstance(field.field_type, COMPARED):
            return None
        lows, highs, nulls = file.lower_bounds or {}, file.upper_bounds or {}, file.null_value_counts or {}
        low, high = (_value(field.field_type, ends, field.field_id) for ends in (lows, highs))
        return Bounds(low, high, nulls=nulls.get(field.field_id, 1) != 0)

    def read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        fields = [self.arrow.field(name) for name in names]
        scan = ArrowScan(self.table.metadata, self.table.io, self.schema.select(*names), AlwaysTrue())
        for batch in scan.to_record_batches([self.task]):
            yield conformed(batch, fields, {})


def _value(kind: Any, ends: Mapping[int, bytes], field_id: int) -> Any:
    """The end of a range as Arrow takes it: days and microseconds since 1970, or a whole number; None if unknown."""
    found = ends.get(field_id)
    try:
        return None if found is None else from_bytes(kind, found)
    except struct.error:
        return None  # of the narrower type that the column had when the file was written


def _batches(table: Table, known: Schema, schema: pa.Schema, tasks: Sequence[FileScanTask]) -> Batches:
    # Manifests are listed from the newest on: so rows come about in the order in which they were written.
    files = [_File(task, known, schema, table) for task in reversed(tasks)]
    return by_parts(schema, [Part(file.bounds, file.read) for file in files])
