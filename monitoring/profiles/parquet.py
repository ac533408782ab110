"""Profiles straight from parquet files, column by column on all cores. Filters no rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.profiles.building import THREADS, Profile, Profiles, check_names, count, merged
from driftloop.monitoring.profiles.levels import CategoricalProfile
from driftloop.monitoring.profiles.numbers import PIECE


class Task(NamedTuple):
    """Columns of a row group that one thread reads and counts."""

    group: int
    columns: list[str]


def profile_parquet(reference: Profiles, *paths: Path | str) -> Profiles:
    """Profile all rows of parquet files in the cells of a reference; only its columns are read.

    Each thread decodes a column or a few of one row group, a piece at a time, and counts it while it is in the cache:
    memory is a piece per thread, whatever the size of the files. A file that is broken raises `SourceUnreadable`, a
    column that is not there `ColumnsLost`, one that is there twice `ColumnsTwice`.
    """
    made = {name: profile.empty() for name, profile in reference.items()}
    rows = 0
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                facts, there = file.metadata, file.schema_arrow.names
            check_names(str(path), reference, there)
            for parts in _parts(reference, path, facts):
                made |= {name: merged([made[name], part]) if made[name].rows else part for name, part in parts.items()}
        except (OSError, pa.ArrowInvalid) as error:
            raise SourceUnreadable(str(path), str(error)) from error
        rows += facts.num_rows
    return Profiles(rows, made)


def _parts(reference: Profiles, path: Path | str, facts: pq.FileMetaData) -> Iterator[dict[str, Profile]]:
    """Some columns of each row group at a time, as they are counted."""
    # levels are read as the dictionary that they are stored as
    worded = [name for name, profile in reference.items() if isinstance(profile, CategoricalProfile)]
    own = threading.local()

    def opened() -> None:
        # a file object may not be shared between threads
        own.file = pq.ParquetFile(path, metadata=facts, read_dictionary=worded, page_checksum_verification=True)

    def work(task: Task) -> dict[str, Profile]:
        batches = own.file.iter_batches(PIECE, row_groups=[task.group], columns=task.columns, use_threads=False)
        parts = [{name: count(reference[name], _chunked(batch, name)) for name in task.columns} for batch in batches]
        return {name: merged([part[name] for part in parts]) for name in task.columns if parts}

    with ThreadPoolExecutor(THREADS, initializer=opened) as pool:
        yield from pool.map(work, _tasks(list(reference), facts))


def _tasks(names: list[str], facts: pq.FileMetaData) -> Iterator[Task]:
    for group in range(facts.num_row_groups):
        # opening a reader has its price: columns of a small row group share one, as long as every thread has work
        together = min(PIECE // max(facts.row_group(group).num_rows, 1), len(names) // THREADS)
        bundles = -(-len(names) // max(together, 1))
        yield from (Task(group, names[at::bundles]) for at in range(bundles))


def _chunked(batch: pa.RecordBatch, name: str) -> pa.ChunkedArray:
    return pa.chunked_array([batch.column(name)])
