"""Reading of a source as shards by the workers of a cluster, whichever it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import pandas as pd

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.sources.shards import Shard, shard_rows
from driftloop.pipelines.data.fresh import Fresh, read_fresh, read_here
from driftloop.pipelines.data.piece import PIECE, Piece, canonical
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.spool import Rows
from driftloop.pipelines.engines.base import Engine

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored

R = TypeVar("R")


class ShardRows(Rows):
    """Rows that workers read, and that stay there."""

    apart = True

    @abstractmethod
    def read(
        self, shards: Sequence[Shard], read: Callable[[Shard], Iterable[Piece]], kept: Sequence[str]
    ) -> Iterator[Piece]:
        """Have workers read the shards; yield their pieces in order, with the columns `kept` alone."""

    @abstractmethod
    def stream(self, shards: Sequence[Shard], work: Callable[[Shard], list[R]]) -> Iterator[R]:
        """Have workers work on the shards; yield the results in order. The rows are not kept."""


class Sharded(Engine):
    """An engine whose workers read shards of files. `place` names it in messages and records."""

    def __init__(self, place: str) -> None:
        self.place = place

    @abstractmethod
    def connect(self) -> ShardRows:
        """Return an empty store of rows; `EngineUnavailable` and `EngineMisfit` where the workers cannot be used."""

    def ready(self) -> str:
        self.connect()
        return f"{self.place} can be used, versions as in this process"

    def stream(self, query: Query, work: Callable[[pd.DataFrame], R], piece: int) -> Iterator[R]:
        """See `Engine`; errors as in `connect`. The work of a worker that dies is repeated."""
        rows = self.connect()
        with shard_rows(query.config.source, query.reading, query.window, query.folder) as sharded:
            if sharded is not None:
                yield from rows.stream(sharded.shards, StreamShard(work, piece))

    def read(self, query: Query) -> Fresh:
        """See `Engine`; errors as in `connect`."""
        return read_fresh(query, by=self._read)

    def sentence(self, fresh: Fresh) -> str:
        return f"by {fresh.source}" if fresh.source else "the source has no rows"

    def _read(self, query: Query, reading: Reading, piece: int) -> Fresh:
        config, rows = query.config, self.connect()
        with shard_rows(config.source, reading, query.window, query.folder) as sharded:
            if sharded is None:
                return read_here(query, reading, piece)
            fresh = Fresh(config.columns.time, sharded.schema, config.columns.weight, rows)
            read = ReadShard(config, query.judged, piece)
            kept = (config.columns.time, *config.columns.of_weight)
            for part in rows.read(sharded.shards, read, kept):
                fresh.note(part, config)
            files, shards = sum(len(shard.files) for shard in sharded.shards), len(sharded.shards)
            fresh.source = f"{self.place}, {files:,} files in {shards:,} shard{'s' if shards > 1 else ''}"
        return fresh


@dataclass(frozen=True)
class StreamShard(Generic[R]):
    """Work on the rows of one shard, in a worker, about `most` rows at a time."""

    work: Callable[[pd.DataFrame], R]
    most: int

    def __call__(self, shard: Shard) -> list[R]:
        return [self.work(frame) for frame in shard.frames(self.most)]


class ReadShard:
    """Reading of one shard, in a worker."""

    def __init__(self, config: Monitored, judged: Window | None, most: int = PIECE) -> None:
        self.config, self.judged, self.most = config, judged, most

    def __call__(self, shard: Shard) -> Iterator[Piece]:
        for frame in shard.frames(self.most):
            yield canonical(frame, self.config, self.judged)
