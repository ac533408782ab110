"""The way of a journal of answers into the prediction log: one parquet file per day, version and host, replaced whole.

The file of the day is written again with the rows of the journal and takes the place of the one before in one step, so
that a reader finds each row once: in the old file or the new one, of which it keeps what it has opened. It names the
journals that it contains: a crash between this step and the removal of the journal adds nothing twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.monitoring.ledger import digest
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.predictions import prediction_log

JOURNAL, FILES, CONTAINED = ".answers.{}.arrows", "answers_{}.parquet", b"driftloop.journals"
# A larger file is left as it is: to write 250,000 rows takes half a second.
MOST_IN_FILE, ROWS_IN_GROUP = 250_000, 65_536


def into_log(journal: Path) -> Path | None:
    """Add the rows of a journal to the file of the day, and remove it; None if it has no whole row."""
    batches: list[pa.RecordBatch] = []
    with journal.open("rb") as source:
        try:
            reader = pa.ipc.open_stream(source)
            batches += _whole(reader)
        except (pa.ArrowInvalid, OSError):
            batches = []  # the process died before the schema was written
    made = None
    if batches:
        with _locked(journal.parent):
            made = _added(pa.Table.from_batches(batches), journal)
    journal.unlink()
    return made


def _whole(reader: Any) -> Iterable[pa.RecordBatch]:
    """Yield the batches of a stream up to the first one that was not written completely."""
    while True:
        try:
            yield reader.read_next_batch()
        except (StopIteration, pa.ArrowInvalid, OSError):
            return


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder: scorers of one model that share it write one after the other."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _added(table: pa.Table, journal: Path) -> Path:
    """Return the file of the log that has the rows of a journal, written if none has them yet."""
    version, model_id = (table.column(name)[0].as_py() for name in ("version", "model_id"))
    kind = digest(socket.gethostname(), model_id, table.schema.remove_metadata())[:8]
    written = journal.stat().st_mtime
    files = sorted(journal.parent.glob(FILES.format(f"*_v{version}_{kind}_*")))
    for file in files:
        if file.stat().st_mtime >= written - 1 and journal.stem in (_contained(file) or ()):
            return file
    start = FILES.format(f"{datetime.now(UTC):%Y%m%d}_v{version}_{kind}_").removesuffix(".parquet")
    last = next((file for file in reversed(files) if file.name.startswith(start)), None)
    number, contained = int(last.stem.removeprefix(start)) if last else 0, _contained(last) if last else None
    if last and contained is not None and pq.read_metadata(last).num_rows + len(table) <= MOST_IN_FILE:
        table = pa.concat_tables([pq.read_table(last), table])
    else:
        number, contained = number + 1, []
    named = {**(table.schema.metadata or {}), CONTAINED: json.dumps([*contained, journal.stem]).encode()}
    scratch = journal.with_suffix(".scratch")
    pq.write_table(table.replace_schema_metadata(named), scratch, row_group_size=ROWS_IN_GROUP)
    _on_disk(scratch)
    file = scratch.replace(journal.parent / f"{start}{number:03d}.parquet")
    _on_disk(journal.parent)
    return file


def _contained(file: Path) -> list[str] | None:
    """Return the journals whose rows a file has; None if it cannot be read."""
    try:
        named = pq.read_schema(file).metadata or {}
        found: list[str] = json.loads(named.get(CONTAINED, b"[]"))
    except (pa.ArrowInvalid, OSError, ValueError):
        return None
    return found


def _on_disk(path: Path) -> None:
    """Wait until a file or the names in a folder survive a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def recover(project: Project) -> int:
    """Bring the journals of scorers that died into the log of a model; return how many."""
    found = 0
    for journal in prediction_log.folder(project).glob(JOURNAL.format("*")):
        try:
            with journal.open("rb") as locked:
                fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
                into_log(journal)
                found += 1
        except (BlockingIOError, FileNotFoundError):
            continue  # of a process that lives, or that was faster
    return found
