"""Dask: shards of files are read, counted, scored and trained on by the workers of an existing cluster."""

from __future__ import annotations

from datetime import timedelta

from driftloop.pipelines.engines.dask_cluster import Cluster
from driftloop.pipelines.engines.dask_rows import DaskRows
from driftloop.pipelines.engines.sharded import Sharded


class Dask(Sharded):
    """The cluster behind a scheduler. `shown` is its address without secrets, `timeout` how long it may not answer."""

    name = "dask"

    def __init__(self, address: str, shown: str, timeout: timedelta) -> None:
        super().__init__(f"dask at {shown}")
        self.cluster = Cluster(address, self.place, timeout.total_seconds())

    def connect(self) -> DaskRows:
        return DaskRows(self.cluster)

    def ready(self) -> str:
        threads = self.cluster.connect().nthreads()
        many, each = len(threads), sum(threads.values())
        return f"{self.place}: {many} worker{'s' if many > 1 else ''} with {each} threads, versions as in this process"
