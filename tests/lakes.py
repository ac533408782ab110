"""Real tables of Delta Lake and Iceberg, and what engines other than the libraries write into them."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.monitoring.settings.source import Source

CATALOG = {"type": "sql", "uri": "sqlite:///catalog.db"}


def delta(folder: Path, *tables: pa.Table, name: str = "trips", **how: Any) -> Source:
    """Write each table as a version of one Delta table."""
    deltalake = pytest.importorskip("deltalake")
    for table in tables:
        deltalake.write_deltalake(folder / name, table, mode="append", **how)
    return Source(delta=name)


def catalog(folder: Path) -> Any:
    """Return a catalog in SQLite, which is created if it is not there."""
    pytest.importorskip("pyiceberg")
    from pyiceberg.catalog import load_catalog

    made = load_catalog("default", type="sql", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/lake")
    made.create_namespace_if_not_exists("shop")
    return made


def iceberg(folder: Path, *tables: pa.Table, name: str = "trips", **how: Any) -> Source:
    """Write each table as a snapshot of one Iceberg table."""
    made = catalog(folder).create_table_if_not_exists(f"shop.{name}", schema=tables[0].schema, **how)
    for table in tables:
        made.append(table)
    return Source(iceberg=f"shop.{name}", catalog=CATALOG)


def add_deletion_vector(table: Path, rows: list[int], **protocol: Any) -> None:
    """Remove rows of the only file of a Delta table by a deletion vector, as Spark does."""
    from pyroaring import BitMap

    log = table / "_delta_log"
    actions = [json.loads(line) for line in (log / "00000000000000000000.json").read_text().splitlines()]
    (added,) = (action["add"] for action in actions if "add" in action)
    # A magic number, one bitmap, its key; in base 85 with the alphabet of Z85.
    raw = struct.pack("<IQI", 1681511377, 1, 0) + BitMap(rows).serialize()
    vector = {"storageType": "i", "pathOrInlineDv": _z85(raw), "sizeInBytes": len(raw), "cardinality": len(rows)}
    stats = json.dumps({**json.loads(added["stats"]), "tightBounds": False})
    kept = {key: added[key] for key in ("path", "partitionValues", "size")}
    new = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **_features("deletionVectors"), **protocol}},
        {"remove": {**kept, "deletionTimestamp": 1, "dataChange": True, "extendedFileMetadata": True}},
        {"add": {**added, "stats": stats, "deletionVector": vector}},
    ]
    (log / "00000000000000000001.json").write_text("".join(json.dumps(action) + "\n" for action in new))


def rename_columns(table: Path, names: dict[str, str]) -> None:
    """Have columns of a Delta table with one commit called otherwise than in its files, as after RENAME COLUMN."""
    log = table / "_delta_log" / "00000000000000000000.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {"minReaderVersion": 2, "minWriterVersion": 5}
        if "metaData" in action:
            schema = json.loads(action["metaData"]["schemaString"])
            for at, field in enumerate(schema["fields"]):
                physical = field["name"]
                field["metadata"] = {"delta.columnMapping.id": at + 1, "delta.columnMapping.physicalName": physical}
                field["name"] = names.get(physical, physical)
            action["metaData"]["schemaString"] = json.dumps(schema)
            action["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))


def _features(name: str) -> dict[str, list[str]]:
    return {"readerFeatures": [name], "writerFeatures": [name]}


def _z85(raw: bytes) -> str:
    ours = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    theirs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    padded = raw + b"\0" * (-len(raw) % 4)
    return base64.b85encode(padded).decode().translate(str.maketrans(theirs, ours))


def positions(path: str, rows: list[int]) -> pa.Table:
    """Return position deletes of rows of one file."""
    return pa.table({"file_path": [path] * len(rows), "pos": pa.array(rows, pa.int64())})


def add_deletes(folder: Path, content: str, deletes: pa.Table, name: str = "trips") -> None:
    """Commit a file of deletes to an Iceberg table, of `POSITION_DELETES` or `EQUALITY_DELETES`, as Flink or Spark do.

    pyiceberg writes none: it writes the files again without the rows.
    """
    from pyiceberg import manifest as parts
    from pyiceberg.table.snapshots import Operation
    from pyiceberg.table.update.snapshot import _FastAppendFiles
    from pyiceberg.typedef import Record

    class DeletesWriter(parts.ManifestWriterV2):
        def content(self) -> parts.ManifestContent:
            return parts.ManifestContent.DELETES

        @property
        def _meta(self) -> dict[str, str]:
            return {**super()._meta, "content": "deletes"}

    class Removal(_FastAppendFiles):
        def _manifests(self) -> list[parts.ManifestFile]:
            output = self.new_manifest_output()
            with DeletesWriter(table.spec(), table.schema(), output, self._snapshot_id, self._compression) as writer:
                writer.add(entry(self._snapshot_id))
            return [*self._existing_manifests(), writer.to_manifest_file()]

    def entry(snapshot: int) -> parts.ManifestEntry:
        kind = parts.DataFileContent[content]
        empty: dict[int, Any] = {}
        file = parts.DataFile.from_args(
            content=kind,
            file_path=path,
            file_format=parts.FileFormat.PARQUET,
            partition=Record(),
            record_count=deletes.num_rows,
            file_size_in_bytes=len(written),
            column_sizes=empty,
            value_counts=empty,
            null_value_counts=empty,
            nan_value_counts=empty,
            lower_bounds=empty,
            upper_bounds=empty,
            equality_ids=[1] if kind is parts.DataFileContent.EQUALITY_DELETES else None,
        )
        return parts.ManifestEntry.from_args(
            status=parts.ManifestEntryStatus.ADDED, snapshot_id=snapshot, data_file=file
        )

    table = catalog(folder).load_table(f"shop.{name}")
    path = f"{table.location()}/data/deletes-{content.lower()}.parquet"
    pq.write_table(deletes, path.removeprefix("file://"))
    written = Path(path.removeprefix("file://")).read_bytes()
    transaction = table.transaction()
    removal = Removal(Operation.OVERWRITE, transaction, table.io)
    transaction._apply(*removal._commit())
    transaction.commit_transaction()
