"""Spark: shards of files are read, counted, scored and trained on by the executors of a session."""

from __future__ import annotations

from datetime import timedelta

from driftloop.pipelines.engines.sharded import Sharded
from driftloop.pipelines.engines.spark_rows import SparkRows
from driftloop.pipelines.engines.spark_session import Session


class Spark(Sharded):
    """The executors behind a master, a server of Spark Connect, or the active session; arguments as of `Dask`."""

    name = "spark"

    def __init__(self, address: str, shown: str, timeout: timedelta) -> None:
        super().__init__(f"spark at {shown.partition(';')[0].rstrip('/')}")
        self.session = Session(address, self.place, timeout.total_seconds())

    def connect(self) -> SparkRows:
        self.session.connect()
        return SparkRows(self.session)
