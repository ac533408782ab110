"""Dask: shards of files are read, counted and scored by the workers of an existing cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.sources.shards import Shard, shard_rows
from driftloop.pipelines.data.fresh import Fresh, read_fresh, read_here
from driftloop.pipelines.data.piece import PIECE, Piece, canonical
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines.base import Engine
from driftloop.pipelines.engines.dask_cluster import Cluster
from driftloop.pipelines.engines.dask_rows import DaskRows

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored


class Dask(Engine):
    """The cluster behind a scheduler. `shown` is its address without secrets, `timeout` how long it may not answer."""

    name = "dask"

    def __init__(self, address: str, shown: str, timeout: timedelta) -> None:
        self.cluster = Cluster(address, f"dask at {shown}", timeout.total_seconds())

    def read(self, query: Query) -> Fresh:
        """See `Engine`. `EngineUnavailable` and `EngineMisfit` where the cluster cannot be used."""
        self.cluster.connect()
        return read_fresh(query, by=self._read)

    def sentence(self, fresh: Fresh) -> str:
        return f"by {fresh.source}" if fresh.source else "the source has no rows"

    def _read(self, query: Query, reading: Reading, piece: int) -> Fresh:
        config = query.config
        with shard_rows(config.source, reading, query.window, query.folder) as sharded:
            if sharded is None:
                return read_here(query, reading, piece)
            rows = DaskRows(self.cluster)
            fresh = Fresh(config.columns.time, sharded.schema, config.columns.weight, rows)
            read = ReadShard(config, query.judged, piece)
            kept = (config.columns.time, *config.columns.of_weight)
            for part in rows.read(sharded.shards, read, kept):
                fresh.note(part, config)
            files, shards = sum(len(shard.files) for shard in sharded.shards), len(sharded.shards)
            fresh.source = f"{self.cluster.name}, {files:,} files in {shards:,} shard{'s' if shards > 1 else ''}"
        return fresh


class ReadShard:
    """Reading of one shard, in a worker."""

    def __init__(self, config: Monitored, judged: Window | None, most: int = PIECE) -> None:
        self.config, self.judged, self.most = config, judged, most

    def __call__(self, shard: Shard) -> list[Piece]:
        return [canonical(frame, self.config, self.judged) for frame in shard.frames(self.most)]
