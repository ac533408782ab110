"""Training of xgboost in the workers of a cluster of Dask, each on the shards that it has.

The workers quantize their rows by cuts that they find together, and sum their gradients in each round: xgboost's own
`collective` and `tracker`, as in `xgboost.dask`. What is different from `xgboost.dask`: the rows are encoded piece by
piece and never copied, the lock ends with a driver that dies (`xgboost.dask` blocks the workers for ever then), and a
fit whose worker dies is repeated on the other ones.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import cloudpickle
import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import EngineUnavailable, SourceUnreadable
from driftloop.pipelines.data.boosting import Boosting, Encoded, with_rows
from driftloop.pipelines.data.piece import Piece
from driftloop.pipelines.engines.dask_cluster import POLL, Cluster
from driftloop.pipelines.engines.repeating import WorkerGone, is_collective, repeated

LOCK = "driftloop training"
SETTLING = 5.0  # seconds in which the scheduler notices a worker that died
Mark = tuple[str, int, int]
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardRows:
    """A shard in a worker: the future of its pieces, their mark, and the packed marks of the rows to train on."""

    future: Any
    mark: Mark
    chosen: tuple[NDArray[np.uint8], ...]


def shard_rows(future: Any, mark: Mark, marked: Sequence[NDArray[np.bool_]]) -> ShardRows | None:
    """Return the marked rows of a shard; None if there are none."""
    return ShardRows(future, mark, tuple(map(np.packbits, marked))) if any(map(np.any, marked)) else None


def boosted(cluster: Cluster, shards: Sequence[ShardRows], boosting: Boosting) -> bytes:
    """Train on the shards where they are; return the booster as UBJSON.

    Training runs on a cluster follow one another: two of them would wait for each other's workers. EngineUnavailable
    where a worker dies in each of three fits, no worker is left, or workers do not reach one another.
    """
    client = cluster.connect()
    with _alone(cluster, client):
        return repeated(cluster.name, partial(_fit_once, cluster, client, shards, boosting))


def _fit_once(cluster: Cluster, client: Any, shards: Sequence[ShardRows], boosting: Boosting) -> bytes:
    places = cluster.results([client.submit(_place, shard.future, shard.mark, pure=False) for shard in shards])
    by: dict[str, list[ShardRows]] = {}
    for shard, place in zip(shards, places, strict=True):
        by.setdefault(place, []).append(shard)
    group = sorted(by)
    first = {"workers": group[:1], "allow_other_workers": False, "pure": False}
    (tracker,) = _gathered(cluster, client, [client.submit(_track, len(group), **first)], group)
    sent = client.submit(bytes, cloudpickle.dumps(boosting), pure=False)
    fits = [
        client.submit(
            *(_fit, sent, tracker, number, [one.future for one in by[place]], [one.chosen for one in by[place]]),
            workers=[place],
            allow_other_workers=False,
            pure=False,
        )
        for number, place in enumerate(group)
    ]
    made = _gathered(cluster, client, fits, group)[0]
    assert isinstance(made, bytes)
    return made


def _gathered(cluster: Cluster, client: Any, futures: Sequence[Any], group: Sequence[str]) -> list[Any]:
    """Return the results of work that is bound to a group of workers; `WorkerGone` if one of them dies."""
    from distributed import wait

    left, without = list(futures), None
    try:
        while left:
            with suppress(TimeoutError), client.as_current():
                wait(left, timeout=POLL, return_when="FIRST_COMPLETED")
            failed = [future for future in left if future.done() and future.status != "finished"]
            left = [future for future in left if not future.done()]
            without = cluster.without_workers(client, without)
            if failed:
                _raise(cluster, client, futures, group)
            if gone := _gone(client, group):
                raise WorkerGone(gone)
        return [future.result() for future in futures]
    except BaseException:
        if client.status == "running":
            client.cancel(list(futures), force=True)
        raise


def _raise(cluster: Cluster, client: Any, futures: Sequence[Any], group: Sequence[str]) -> None:
    """Raise why work failed: the error of xgboost in a worker, which the others have lost then, or a death."""
    from distributed import CancelledError, KilledWorker

    end = time.monotonic() + SETTLING
    while True:
        failed = [future for future in futures if future.done() and future.status != "finished"]
        errors = [one.exception() if one.status == "error" else CancelledError(one.key) for one in failed]
        for error in errors:
            if not (is_collective(error) or isinstance(error, CancelledError | KilledWorker)):
                raise error
        if gone := _gone(client, group):
            raise WorkerGone(gone)
        if time.monotonic() > end:
            why = " ".join(str(errors[0]).split())[:200]
            raise EngineUnavailable(cluster.name, f"the workers lost one another during a fit: {why}")
        time.sleep(0.2)


def _gone(client: Any, group: Sequence[str]) -> str:
    """Return which workers of a group the scheduler does not have any more; an empty text if it has all."""
    there = client.nthreads()
    gone = [place for place in group if place not in there]
    return f"the worker {gone[0]} died" if gone else ""


@contextmanager
def _alone(cluster: Cluster, client: Any) -> Iterator[None]:
    """Wait until no other training of driftloop uses the cluster; the lock of a process that dies ends by itself."""
    from distributed import Lock

    lock = Lock(LOCK, scheduler_rpc=client.scheduler, loop=client.loop)
    without, waiting = None, False
    while not lock.acquire(timeout=POLL):
        if not waiting:
            LOG.info("%s: waiting for another training on this cluster", cluster.name)
        waiting, without = True, cluster.without_workers(client, without)
    try:
        yield
    finally:
        if client.status == "running":
            with suppress(Exception):
                lock.release()


def mark_of(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return the number of rows and the sum of their hashes, by which a second reading is compared."""
    marks = [piece.mark for piece in pieces]
    return sum(rows for rows, _ in marks), sum(hashes for _, hashes in marks) % (1 << 64)


def refuse_changed(pieces: Sequence[Piece], mark: Mark) -> None:
    """Raise `SourceUnreadable` if the rows are not those of the first reading."""
    if mark_of(pieces) != mark[1:]:
        raise SourceUnreadable(mark[0], "its rows changed meanwhile, and a worker read it twice")


def _place(pieces: list[Piece], mark: Mark) -> str:
    from distributed import get_worker

    refuse_changed(pieces, mark)
    return str(get_worker().address)


def _track(many: int) -> dict[str, Any]:
    from distributed import get_worker
    from distributed.comm import get_address_host

    from driftloop.pipelines.training.fit_together import start_tracker

    return start_tracker(many, get_address_host(get_worker().address).strip("[]"))


def _fit(
    boosting: bytes,
    tracker: dict[str, Any],
    number: int,
    shards: list[list[Piece]],
    chosen: list[tuple[NDArray[np.uint8], ...]],
) -> bytes | None:
    """Train on the rows of this worker, with all others; return the booster in the first worker."""
    from distributed import get_worker

    from driftloop.pipelines.training.fit_together import fit_together

    plan: Boosting = cloudpickle.loads(boosting)
    worker = get_worker()
    key = worker.get_current_task()

    def awaited() -> bool:
        """Whether the driver lives and has not given the fit up: it must not block the worker for longer."""
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled"

    def pieces() -> Iterator[Encoded]:
        marked = (pair for shard, marks in zip(shards, chosen, strict=True) for pair in zip(shard, marks, strict=True))
        return with_rows(plan.chosen(piece.frame, packed) for piece, packed in marked)

    return fit_together(plan, pieces, tracker, number, worker.state.nthreads, awaited)
