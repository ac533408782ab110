"""Canonical rows in the memory of Dask's workers, or on their disks where that is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import cloudpickle
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.sources.shards import Shard
from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.data.piece import Piece
from driftloop.pipelines.engines.dask_cluster import Cluster
from driftloop.pipelines.engines.dask_training import boosted, mark_of, refuse_changed, shard_rows
from driftloop.pipelines.engines.sharded import ShardRows

R = TypeVar("R")


class DaskRows(ShardRows):
    """Pieces by shard. A shard whose worker dies is read again, and refused if its rows are others by then."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._client = cluster, cluster.connect()
        self._shards: list[Any] = []
        self._marks: list[tuple[str, int, int]] = []
        self._pieces: list[int] = []

    def add(self, frame: pd.DataFrame) -> None:
        """Rows of a process are not sent to workers; `read` has workers read theirs."""
        raise NotImplementedError("the rows of an engine come from its own reading")

    def read(
        self, shards: Sequence[Shard], read: Callable[[Shard], Iterable[Piece]], kept: Sequence[str]
    ) -> Iterator[Piece]:
        """Read the shards; yield their pieces in order, with the columns `kept` alone."""
        work = self._sent(read)
        self._shards = [self._client.submit(_read, work, shard, pure=False) for shard in shards]
        facts = [self._client.submit(_facts, future, tuple(kept), pure=False) for future in self._shards]
        for shard, pieces in zip(shards, self._cluster.results(facts), strict=True):
            self._marks.append((shard.files[0], *mark_of(pieces)))
            self._pieces.append(len(pieces))
            yield from pieces

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for future, pieces in zip(self._shards, self._pieces, strict=True):
            for place in range(pieces):
                yield from self._cluster.results([self._client.submit(_frame, future, place, pure=False)])

    def map(self, work: Callable[..., R], *each: Sequence[Any]) -> Iterator[R]:
        """See `Rows`: one task per shard."""
        sent, start, futures = self._sent(work), 0, []
        for future, pieces, mark in zip(self._shards, self._pieces, self._marks, strict=True):
            given = [tuple(values[start : start + pieces]) for values in each]
            futures.append(self._client.submit(_work, sent, future, mark, given, pure=False))
            start += pieces
        for results in self._cluster.results(futures):
            yield from results

    def boost(self, boosting: Boosting, marked: Sequence[NDArray[np.bool_]]) -> bytes:
        """See `Rows` and `dask_training`."""
        start, shards = 0, []
        for future, pieces, mark in zip(self._shards, self._pieces, self._marks, strict=True):
            shards.append(shard_rows(future, mark, marked[start : start + pieces]))
            start += pieces
        return boosted(self._cluster, [shard for shard in shards if shard is not None], boosting)

    def stream(self, shards: Sequence[Shard], work: Callable[[Shard], list[R]]) -> Iterator[R]:
        """See `ShardRows`; two shards per thread are in work, and the results of the others are not waited for."""
        sent, waiting = self._sent(work), deque[Any]()
        most = 2 * sum(self._client.nthreads().values())
        for shard in shards:
            waiting.append(self._client.submit(_run, sent, shard, pure=False))
            if len(waiting) > most:
                yield from self._first(waiting)
        while waiting:
            yield from self._first(waiting)

    def _first(self, waiting: deque[Any]) -> Iterator[Any]:
        try:
            for results in self._cluster.results([waiting.popleft()]):
                yield from results
        except BaseException:
            self._cluster.cancel(waiting)
            raise

    def _sent(self, work: Callable[..., Any]) -> Any:
        """Return work as a result that workers share; unlike scattered data it is made again after a death."""
        return self._client.submit(bytes, cloudpickle.dumps(work), pure=False)


def _run(work: bytes, shard: Shard) -> Any:
    return cloudpickle.loads(work)(shard)


def _read(work: bytes, shard: Shard) -> list[Piece]:
    return list(cloudpickle.loads(work)(shard))


def _facts(pieces: list[Piece], kept: tuple[str, ...]) -> list[Piece]:
    return [piece.without_values(kept) for piece in pieces]


def _frame(pieces: list[Piece], place: int) -> pd.DataFrame:
    return pieces[place].frame


def _work(work: bytes, pieces: list[Piece], mark: tuple[str, int, int], each: list[tuple[Any, ...]]) -> list[Any]:
    refuse_changed(pieces, mark)
    run = cloudpickle.loads(work)
    return [run(piece.frame, *given) for piece, *given in zip(pieces, *each, strict=True)]
