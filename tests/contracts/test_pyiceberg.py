"""Undocumented attributes of pyiceberg that `monitoring/sources/iceberg_parts.py` uses, and where an upgrade shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lakes
from tests.monitoring.sources.test_delta import rows

pytest.importorskip("pyiceberg")


def test_a_file_is_read_batch_by_batch(tmp_path: Path) -> None:
    """Rows come when they are asked for, without those of the deletes; `to_record_batches` would hold the file."""
    from driftloop.monitoring.sources.iceberg_parts import Reading

    lakes.iceberg(tmp_path, rows(0, 5))
    (task,) = lakes.catalog(tmp_path).load_table("shop.trips").scan().plan_files()
    lakes.add_deletes(tmp_path, "POSITION_DELETES", lakes.positions(task.file.file_path, [0, 3]))
    table = lakes.catalog(tmp_path).load_table("shop.trips")
    tasks = list(table.scan().plan_files())
    reading = Reading(table.metadata, table.io, tasks)
    batches = reading.batches(tasks[0], table.schema().select("fare"))
    assert next(batches)["fare"].to_pylist() == [1, 2, 4], "pyiceberg: ArrowScan's method for one file changed"
    assert list(batches) == []
