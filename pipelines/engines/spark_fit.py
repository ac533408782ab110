"""Part of a fit in one task of a barrier stage of Spark: the rows of the task on disk, and xgboost with all others.

A task that raises or dies ends all of them, and the fit starts again. So errors of the work are returned; what is
raised here is the failure of a machine.
"""

from __future__ import annotations

import json
import os
import pickle
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from driftloop.pipelines.data.boosting import Boosting, Encoded, with_rows
from driftloop.pipelines.engines.repeating import is_collective
from driftloop.pipelines.engines.spark_work import CHANGED, ERROR, VALUE, sent
from driftloop.pipelines.training.fit_together import fit_together, start_tracker

Row = tuple[str, int, int, bytes]  # the columns of `spark_work.RESULTS`
DONE, FAILED, LOST = "done", "failed", "lost"


class Store:
    """Encoded pieces in an unnamed file, read in the order of their shards and places.

    The file has the bytes that came, about 8 per number; xgboost reads it several times, and keeps one per value.
    """

    def __init__(self) -> None:
        folder = os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0]
        self._file = tempfile.TemporaryFile(dir=folder if os.path.isdir(folder) else None)  # noqa: SIM115
        self._places: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, place: tuple[int, int], content: bytes) -> None:
        """Add a piece, as bytes."""
        self._places[place] = self._file.tell(), len(content)
        self._file.write(content)
        self._file.flush()

    @property
    def places(self) -> list[tuple[int, int]]:
        """Return shard and place of the pieces, in order."""
        return sorted(self._places)

    def __call__(self) -> Iterator[Encoded]:
        """Yield the pieces."""
        found = (self._places[place] for place in self.places)
        return with_rows(pickle.loads(os.pread(self._file.fileno(), length, start)) for start, length in found)


def fitted(
    context: Any, rows: Iterable[Row], boosting: Boosting, expected: Mapping[int, Sequence[tuple[int, int]]]
) -> Iterator[Row]:
    """Yield the booster as UBJSON in the first task, or what is wrong in this one.

    `context` is the BarrierTaskContext. RuntimeError if another task is gone.
    """
    number = context.partitionId()
    store, problem = _stored(rows, expected[number])
    if any(context.allGather(problem[0] if problem else "")):
        yield from [problem] if problem else []
        return
    made, error = _fit(context, boosting, store)
    lost = error is not None and is_collective(error)
    states = context.allGather(LOST if lost else FAILED if error else DONE)
    if error is not None and not lost:
        yield ERROR, 0, number, sent(error)
    elif LOST in states and FAILED not in states:
        raise RuntimeError(f"executors lost one another during a fit: {' '.join(str(error).split())[:200]}")
    elif made is not None and FAILED not in states:
        yield VALUE, 0, 0, pickle.dumps(made)


def _stored(rows: Iterable[Row], expected: Sequence[tuple[int, int]]) -> tuple[Store, Row | None]:
    """Return the pieces of this task, and the first row that is none."""
    store, problem = Store(), None
    for row in rows:
        kind, shard, place, content = row
        if kind == VALUE:
            store.add((shard, place), content)
        elif problem is None:
            problem = row
    if problem is None and store.places != sorted(expected):
        shard, place = min(set(store.places) ^ set(expected))
        problem = (CHANGED, shard, place, b"")
    return store, problem


def _fit(context: Any, boosting: Boosting, store: Store) -> tuple[bytes | None, Exception | None]:
    """Return the booster in the first task, or the error."""
    infos, number = context.getTaskInfos(), context.partitionId()
    host = infos[0].address.rpartition(":")[0].strip("[]")
    own = "" if number else json.dumps(start_tracker(len(infos), str(socket.getaddrinfo(host, None)[0][4][0])))
    tracker = json.loads(context.allGather(own)[0])
    try:
        return fit_together(boosting, store, tracker, number, context.cpus(), lambda: True), None
    except (MemoryError, OSError):
        raise
    except Exception as error:
        return None, error
