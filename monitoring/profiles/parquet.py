"""Profiles straight from parquet files, column by column on all cores. Filters no rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring.errors import ColumnsLost
from monitoring.profiles.building import THREADS, Profile, Profiles, count, merged
from monitoring.profiles.levels import CategoricalProfile
from monitoring.profiles.numbers import PIECE


def profile_parquet(reference: Profiles, *paths: Path | str) -> Profiles:
    """Profile all rows of parquet files in the cells of a reference; only its columns are read.

    Each thread decodes one column of one row group, a piece at a time, and counts it while it is in the cache: memory
    is a piece per thread, whatever the size of the files. A column that is not there raises `ColumnsLost`.
    """
    made = {name: profile.empty() for name, profile in reference.items()}
    rows = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            facts, there = file.metadata, file.schema_arrow.names
        lost = [name for name in reference if name not in there]
        if lost:
            raise ColumnsLost(str(path), lost, there)
        rows += facts.num_rows
        for name, part in _parts(reference, path, facts):
            made[name] = merged([made[name], part])
    return Profiles(rows, made)


def _parts(reference: Profiles, path: Path | str, facts: pq.FileMetaData) -> Iterator[tuple[str, Profile]]:
    """Each column of each row group, as it is counted."""
    # levels are read as the dictionary that they are stored as
    worded = [name for name, profile in reference.items() if isinstance(profile, CategoricalProfile)]
    own = threading.local()

    def opened() -> None:
        # a file object may not be shared between threads
        own.file = pq.ParquetFile(path, metadata=facts, read_dictionary=worded)

    def work(task: tuple[int, str]) -> tuple[str, Profile]:
        group, name = task
        batches = own.file.iter_batches(PIECE, row_groups=[group], columns=[name], use_threads=False)
        parts = [count(reference[name], pa.chunked_array([batch.column(name)])) for batch in batches]
        return name, merged([reference[name].empty(), *parts])

    with ThreadPoolExecutor(THREADS, initializer=opened) as pool:
        yield from pool.map(work, product(range(facts.num_row_groups), reference))
