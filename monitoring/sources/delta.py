"""Tables of Delta Lake, read by `deltalake`, with the rows that deletion vectors remove left out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as pds
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from driftloop.monitoring.errors import SourceMissing, SourceUnreadable, listed
from driftloop.monitoring.sources.lake import Batches, Lake, text
from driftloop.monitoring.sources.lake_scan import Bounds, Part, by_parts, conformed
from driftloop.monitoring.sources.lakehouse import kind_of
from driftloop.monitoring.sources.places import Place

# What a table may use beyond plain files; what else its protocol requires could change which rows or values count.
READ_HERE = frozenset({
    "columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "typeWidening-preview", "v2Checkpoint",
    "vacuumProtocolCheck",
})  # fmt: skip
# Tries and seconds until an object store that does not answer is an error.
PATIENCE = {"max_retries": "3", "retry_timeout": "20s", "connect_timeout": "10s"}
# Times in the log are cut to milliseconds.
CUT = timedelta(milliseconds=1)


def opened(at: Place, version: int | None) -> Lake:
    """Open a table at a version, or at its newest one."""
    options = PATIENCE if "://" in at.text and not at.text.startswith("file:") else None
    try:
        table = DeltaTable(at.text, storage_options=options)
    except TableNotFoundError as error:
        raise _missing(at, error) from None
    newest = table.version()
    if version is not None and version != newest:
        table = _at_version(at, options, version, newest)
    features = set(table.protocol().reader_features or ())
    if unknown := features - READ_HERE:
        raise SourceUnreadable(
            at.where,
            f"its protocol requires {listed(unknown)}, which driftloop cannot read",
            f"ALTER TABLE ... DROP FEATURE, or export its current rows to parquet and name them in {at.section}.path",
        )
    schema = pa.schema(table.schema().to_arrow())
    mapped = _mapping(table, features)
    plain = not mapped and features <= {"timestampNtz"}
    batches = _plain(table) if plain else _by_file(at, options, table, schema, mapped)
    return Lake("delta", table.version(), schema, batches)


def _missing(at: Place, error: Exception) -> SourceMissing:
    fix = "name the folder that has _delta_log in {0}.delta; plain files are named in {0}.path"
    if "://" not in at.text and not os.path.isdir(at.text):
        why = "is a file, and no folder of a table" if os.path.exists(at.text) else "no such folder"
    elif "://" not in at.text:
        why = "is no Delta Lake table: it has no log in _delta_log"
        if kind_of(None, at.text):
            why, fix = "is an Iceberg table", "name its table in {0}.iceberg, and its catalog in {0}.catalog"
    else:
        why = f"is no Delta Lake table: {text(error, at)}"
    return SourceMissing(at.where, why, fix.format(at.section))


def _at_version(at: Place, options: Mapping[str, str] | None, version: int, newest: int) -> DeltaTable:
    try:
        return DeltaTable(at.text, version=version, storage_options=dict(options) if options else None)
    except Exception as error:
        why = f"there is no version {version} (any more); the newest is {newest}"
        raise SourceMissing(at.where, f"{why}: {text(error, at)}", f"correct or remove {at.section}.version") from None


def _plain(table: DeltaTable) -> Batches:
    """Read by Arrow's own dataset: it skips files by partition and statistics, and parts of files by theirs."""
    dataset = table.to_pyarrow_dataset()
    order = {unquote(action["path"]): at for at, action in enumerate(_actions(table))}
    fragments = sorted(dataset.get_fragments(), key=lambda one: (order.get(one.path, 0), one.path))
    ordered = pds.FileSystemDataset(fragments, dataset.schema, dataset.format, dataset.filesystem)

    def batches(names: Sequence[str], condition: Any) -> Iterator[pa.RecordBatch]:
        scanner = ordered.scanner(
            columns=list(names), filter=condition, batch_size=1 << 16, batch_readahead=4, fragment_readahead=1
        )
        reader = scanner.to_reader()
        try:
            for batch in reader:  # noqa: UP028  (`yield from` closes the reader, which raises what it read ahead)
                yield batch
        finally:
            with suppress(Exception):
                reader.close()

    return batches


def _actions(table: DeltaTable) -> list[dict[str, Any]]:
    """The files of a table with partitions and statistics, in the order in which they were written."""
    actions: list[dict[str, Any]] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sorted(actions, key=lambda one: (one["modification_time"], one["path"]))


def _mapping(table: DeltaTable, features: set[str]) -> dict[str, str]:
    """Return the names of columns in the files where these differ from those of the table; empty without a mapping."""
    mode = (table.metadata().configuration or {}).get("delta.columnMapping.mode", "none")
    if mode == "none" or not (table.protocol().min_reader_version == 2 or "columnMapping" in features):
        return {}
    fields = json.loads(table.schema().to_json())["fields"]
    return {one["name"]: one["metadata"].get("delta.columnMapping.physicalName", one["name"]) for one in fields}


@dataclass(frozen=True)
class _File:
    """A file that is read by itself: `kept` has for each row whether it still counts, None for all."""

    path: str
    filesystem: Any
    schema: pa.Schema
    physical: Mapping[str, str]
    action: Mapping[str, Any]
    kept: pa.Array | None

    def bounds(self, name: str) -> Bounds | None:
        if f"partition.{name}" in self.action:
            value = self.action[f"partition.{name}"]
            return None if value is None else Bounds(value, value, nulls=False)
        known = [f"{end}.{name}" for end in ("min", "max") if self.action.get(f"{end}.{name}") is not None]
        kind = self.schema.field(name).type
        if not known or not (pa.types.is_temporal(kind) or pa.types.is_integer(kind)):
            return None
        low, high = self.action.get(f"min.{name}"), self.action.get(f"max.{name}")
        if high is not None and pa.types.is_timestamp(kind):
            high += CUT
        return Bounds(low, high, nulls=self.action.get(f"null_count.{name}") != 0)

    def read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        fragment = pds.ParquetFileFormat().make_fragment(self.path, self.filesystem)
        own = {self.physical.get(name, name): name for name in names}
        there = [name for name in fragment.physical_schema.names if name in own]
        constants = {name: self.action.get(f"partition.{name}") for name in names}
        scanner = fragment.scanner(
            schema=fragment.physical_schema, columns=there, batch_size=1 << 16, batch_readahead=4, use_threads=False
        )
        start = 0
        for batch in scanner.to_reader():
            kept = None if self.kept is None else self.kept.slice(start, batch.num_rows)
            start += batch.num_rows
            named = batch.rename_columns([own[name] for name in there])
            whole = conformed(named, [self.schema.field(name) for name in names], constants)
            yield whole if kept is None else whole.filter(_as_long(kept, batch.num_rows))


def _as_long(kept: pa.Array, rows: int) -> pa.Array:
    """The marks of some rows; those after the last mark count."""
    return kept if len(kept) == rows else pa.concat_arrays([kept, pa.repeat(True, rows - len(kept))])


def _by_file(
    at: Place, options: Mapping[str, str] | None, table: DeltaTable, schema: pa.Schema, physical: Mapping[str, str]
) -> Batches:
    vectors = {
        unquote(unquote(path)): kept
        for batch in map(pa.record_batch, table.deletion_vectors())
        for path, kept in zip(batch["filepath"].to_pylist(), batch["selection_vector"], strict=True)
    }
    filesystem = PyFileSystem(DeltaStorageHandler(table.table_uri, options))
    files, used = [], set()
    for action in _actions(table):
        path = unquote(action["path"])
        own = [name for name in vectors if name.endswith("/" + unquote(path))]
        used |= set(own)
        kept = vectors[own[0]].values if own else None
        files.append(_File(path, filesystem, schema, physical, action, kept))
    if len(used) != len(vectors):
        raise SourceUnreadable(
            at.where,
            f"deletion vectors of {len(vectors) - len(used)} files cannot be matched with the files",
            "REORG TABLE ... APPLY (PURGE) writes the files again without the removed rows",
        )
    return by_parts(schema, [Part(file.bounds, file.read) for file in files])
