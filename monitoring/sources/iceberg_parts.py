"""Attributes of pyiceberg that its documentation does not name, in one place. `tests/contracts` checks each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _read_all_delete_files


class Reading:
    """The files of a table, read batch by batch: `ArrowScan.to_record_batches` holds whole files in memory."""

    def __init__(self, metadata: Any, io: Any, tasks: Sequence[Any]) -> None:
        self.metadata, self.io, self.tasks = metadata, io, tasks

    @cached_property
    def _deletes(self) -> dict[str, Any]:
        """The rows that position deletes and deletion vectors remove, by file."""
        deletes: dict[str, Any] = _read_all_delete_files(self.io, self.tasks)
        return deletes

    def batches(self, task: Any, schema: Any) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one file that still count, with the columns of a schema."""
        scan = ArrowScan(self.metadata, self.io, schema, AlwaysTrue())
        yield from scan._record_batches_from_scan_tasks_and_deletes([task], self._deletes)  # noqa: SLF001
