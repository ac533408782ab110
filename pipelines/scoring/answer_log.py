"""Predictions that were answered, on their way to the prediction log: a bounded queue, a journal, parquet files.

1. `put` adds the rows of an answer to a queue in memory, and never waits. Rows that do not fit are dropped and counted.
2. One background thread takes all queued rows every half second, and appends them to a journal: an Arrow stream in the
   folder of the log, hidden from readers. The bytes are then with the operating system: they survive `kill -9` of this
   process, though not a power failure.
3. After `ROLL_SECONDS`, at the end of the process, or when only other versions answer, its rows are added to
   the parquet file of the day, which checks read (`journals.py`). Those of a process that died are added when the next
   scorer of the model starts.
"""

from __future__ import annotations

import fcntl
import logging
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa

from driftloop.monitoring.rows.canonical import shortened
from driftloop.monitoring.rows.coerced import LONGEST_TEXT
from driftloop.monitoring.served.encoding import frame_of
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.scoring.journals import JOURNAL, into_log
from driftloop.pipelines.scoring.loaded import Loaded, Scored

FLUSH_SECONDS, ROLL_SECONDS = 0.5, 300.0
# A version that has answered nothing for so long, while another one did, no longer serves.
SILENT_SECONDS = 10.0
MOST_QUEUED, MOST_IN_JOURNAL = 200_000, 1_000_000
ID = "prediction_id"
log = logging.getLogger("driftloop.scoring")


@dataclass
class LogCounts:
    """Rows of a model's answers: in parquet files or in the journal, dropped for lack of room, or lost to an error."""

    logged: int = 0
    dropped: int = 0
    failed: int = 0
    error: str | None = None


@dataclass
class Journal:
    """An open Arrow stream of one version's answers, locked while this process lives."""

    by: Loaded
    file: Path
    sink: IO[bytes]
    writer: pa.RecordBatchStreamWriter
    schema: pa.Schema
    opened: float = field(default_factory=time.monotonic)
    written: float = field(default_factory=time.monotonic)
    rows: int = 0


class AnswerLog:
    """Writes the answers of all models to their prediction logs, in a thread of its own."""

    def __init__(self, *, most_queued: int = MOST_QUEUED, roll_seconds: float = ROLL_SECONDS) -> None:
        self.counts: dict[str, LogCounts] = {}
        self._most, self._roll = most_queued, roll_seconds
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._queue: list[Scored] = []
        self._queued = 0
        self._journals: dict[tuple[str, str], Journal] = {}
        self._closed: list[tuple[str, Path]] = []
        self._thread = threading.Thread(target=self._run, name="answer log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write all that is queued into the log, and end."""
        self._stop.set()
        self._thread.join()

    @property
    def dead(self) -> bool:
        """Whether the thread was started and has ended."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def queued(self) -> int:
        """Rows that are only in memory."""
        return self._queued

    def put(self, scored: Scored) -> None:
        """Queue the rows of an answer; drop and count them if the queue is full."""
        rows = scored.rows
        with self._lock:
            full = self._queued + rows > self._most
            if full:
                self._of(scored.by.version.model).dropped += rows
            else:
                self._queue.append(scored)
                self._queued += rows

    def _of(self, model: str) -> LogCounts:
        return self.counts.setdefault(model, LogCounts())

    def _run(self) -> None:
        while True:
            stopping = self._stop.wait(FLUSH_SECONDS)
            self._flush()
            now = time.monotonic()
            for key, journal in tuple(self._journals.items()):
                if stopping or now - journal.opened > self._roll or self._is_succeeded(journal, now):
                    self._close(key)
            if stopping:
                return

    def _is_succeeded(self, journal: Journal, now: float) -> bool:
        model, last = journal.by.version.model, journal.written
        others = (one.written for (name, _), one in self._journals.items() if name == model and one is not journal)
        return now - last > SILENT_SECONDS and any(written > last for written in others)

    def _flush(self) -> None:
        with self._lock:
            taken, self._queue = self._queue, []
        parts: dict[int, list[Scored]] = {}
        for scored in taken:
            parts.setdefault(id(scored.by), []).append(scored)
        for part in parts.values():
            rows, counts = sum(each.rows for each in part), self._of(part[0].by.version.model)
            try:
                self._append(part[0].by, part)
                counts.logged += rows
                counts.error = None
            except Exception as error:
                counts.failed += rows
                self._report(counts, part[0].by.version.model, error)
            with self._lock:
                self._queued -= rows

    def _report(self, counts: LogCounts, model: str, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if counts.error != text:
            log.error("%s: answers could not be logged: %s", model, text)
        counts.error = text

    def _append(self, by: Loaded, part: list[Scored]) -> None:
        table = table_of(part)
        key = (by.version.model, by.version.model_id)
        journal = self._journals.get(key)
        if journal is not None and not _fits(journal, by, table):
            self._close(key)
            journal = None
        if journal is None:
            journal = self._journals[key] = _open(by, table.schema)
        try:
            journal.writer.write_table(table)
            journal.sink.flush()
        except Exception:
            self._close(key)  # rows after a part of a batch could not be read
            raise
        journal.rows += len(table)
        journal.written = time.monotonic()

    def _close(self, key: tuple[str, str]) -> None:
        journal = self._journals.pop(key)
        self._closed.append((key[0], journal.file))
        try:
            journal.writer.close()
            journal.sink.flush()
        except Exception as error:
            self._report(self._of(key[0]), key[0], error)
        self._move()
        with suppress(OSError):
            journal.sink.close()

    def _move(self) -> None:
        """Bring closed journals into the log; those that cannot be moved now are tried again with the next one."""
        for model, file in tuple(self._closed):
            try:
                into_log(file)
            except FileNotFoundError:
                pass  # another process recovered it
            except Exception as error:
                self._report(self._of(model), model, error)
                continue
            self._closed.remove((model, file))


def table_of(part: list[Scored]) -> pa.Table:
    """Return the answers of one version as rows of the prediction log, with their prediction ids."""
    config, version = part[0].by.config, part[0].by.version
    classes = part[0].by.served.classes
    frame = frame_of({name: np.concatenate([each.typed[name] for each in part]) for name in part[0].typed})
    for name in part[0].by.served.levels:
        if any(value is not None and len(value) > LONGEST_TEXT for value in frame[name]):
            frame[name] = [None if value is None else shortened(value) for value in frame[name]]
    frame[config.columns.time] = pd.concat([each.moments for each in part], ignore_index=True)
    keys = prediction_log.row_keys(frame, config.columns.time, config.columns.features)
    ids = pd.concat([each.ids for each in part], ignore_index=True)
    keys = keys.assign(**{name: ids.get(name) for name in part[0].by.ids})
    names = [f"{each.request_id}-{at}" for each in part for at in range(each.rows)]
    more = None if ID in keys else pd.DataFrame({ID: names})
    predicted = np.concatenate([each.predicted for each in part])
    return prediction_log.lines(keys, version, predicted, classes, more)


def _fits(journal: Journal, by: Loaded, table: pa.Table) -> bool:
    same_place = prediction_log.folder(by.project) == journal.file.parent
    return same_place and journal.schema == table.schema and journal.rows + len(table) <= MOST_IN_JOURNAL


def _open(by: Loaded, schema: pa.Schema) -> Journal:
    place = prediction_log.folder(by.project)
    place.mkdir(parents=True, exist_ok=True)
    file = place / JOURNAL.format(f"{socket.gethostname()}.{uuid.uuid4().hex}")
    # It gets its name once it is locked: another process would take an unlocked journal for that of a dead one.
    unlocked = file.with_suffix(".new")
    sink = unlocked.open("wb")
    fcntl.flock(sink, fcntl.LOCK_EX)
    unlocked.rename(file)
    return Journal(by, file, sink, pa.ipc.new_stream(sink, schema), schema)
