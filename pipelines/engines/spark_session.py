"""Jobs of Spark: run with a limit of time, cancelled when one fails, and what executors keep freed afterwards."""

from __future__ import annotations

import atexit
import pickle
import time
import types
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Waiting
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import EngineUnavailable
from driftloop.monitoring.errors.base import DriftloopError
from driftloop.pipelines.engines import spark_work
from driftloop.pipelines.engines.spark_activity import watched
from driftloop.pipelines.engines.spark_failures import ExecutorsGone, explained, failures, is_lost
from driftloop.pipelines.engines.spark_opening import answering, forget, opened, outlives
from driftloop.pipelines.engines.versions import here, refuse_others

if TYPE_CHECKING:
    import pyarrow as pa

Job = Callable[[Any], "pa.Table"]

JOBS = 2  # at a time: tasks of the next one fill the executors that the last tasks of one leave idle
POLL = 2.0  # seconds between looks at the executors while a result is awaited
# Frames whose rows executors keep, by address, and those of them that are not needed any more.
KEPT: dict[str, dict[int, Any]] = defaultdict(dict)
STALE: deque[tuple[str, int]] = deque()


class Session:
    """The executors behind an address; `name` is used in messages, `timeout` is in seconds."""

    def __init__(self, address: str, name: str, timeout: float) -> None:
        self.address, self.name, self.timeout = address, name, timeout

    def connect(self) -> None:
        """Compare an executor with this process; the others are compared when they read.

        EngineUnavailable where Spark does not answer or has no executor in time, EngineMisfit where it has other
        versions.
        """
        opened(self.address, self.name, self.timeout)
        answering(self.address, self.name, self.timeout)
        run = self.by_value(spark_work.looking)(here())
        look = [lambda session: session.range(1).mapInArrow(run, spark_work.RESULTS).toArrow()]
        (table,) = self.tables(look, within=self.timeout)
        refuse_others(self.name, pickle.loads(table.column(3)[0].as_py()), here())

    def parallelism(self) -> int:
        """Return the default parallelism: the number of cores of the executors, unless it is configured."""
        (table,) = self.tables([_partitions])
        return int(table.column(0)[0].as_py())

    def tables(self, jobs: Sequence[Job], within: float | None = None, together: bool = False) -> Iterator[pa.Table]:
        """Yield the results of jobs in their order, each at most `within` seconds after the last; two run at a time.

        The first error ends all of them. Spark repeats the work of an executor that dies. `ExecutorsGone` if no
        executor works; jobs whose tasks run `together` also wait, without a stage, for executors that are gone.
        """
        session, tag = opened(self.address, self.name, self.timeout), f"driftloop-{uuid.uuid4().hex}"
        pool = ThreadPoolExecutor(JOBS, thread_name_prefix="job of Spark")
        waiting: deque[Future[pa.Table]] = deque()
        try:
            with watched(session) as running:
                works = partial(_works, running, together)
                free(self.address)
                for job in jobs:
                    waiting.append(pool.submit(_tagged, job, session, tag))
                    if len(waiting) > JOBS:
                        yield self._result(works, waiting.popleft(), within)
                while waiting:
                    yield self._result(works, waiting.popleft(), within)
        except BaseException as error:
            if not (isinstance(error, failures()) and is_lost(error)):
                with suppress(Exception):
                    session.interruptTag(tag)
            if isinstance(error, failures()):
                raise self._failed(error) from None
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def keep(self, frame: Any) -> Any:
        """Have executors keep the rows of a frame, in memory, or on disk where that is full."""
        from pyspark import StorageLevel

        kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
        KEPT[self.address][id(kept)] = kept
        return kept

    def releaser(self, kept: Any) -> Callable[[], None]:
        """Return what notes that rows are not needed any more. Garbage collection runs it, so it calls no Spark."""
        return partial(STALE.append, (self.address, id(kept)))

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Return a value as bytes that an executor with the same packages can read."""
        from pyspark.cloudpickle import dumps

        sent: bytes = dumps(value)
        return sent

    @staticmethod
    def by_value(function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of `spark_work`, which is sent whole and not as a name to import."""
        from pyspark import cloudpickle

        module: types.ModuleType = spark_work
        cloudpickle.register_pickle_by_value(module)
        return function

    def _failed(self, error: Exception) -> DriftloopError:
        """Return the error that a failure is; after a lost connection the next job opens a new session."""
        if is_lost(error):
            forget(self.address)
            KEPT.pop(self.address, None)
        return explained(self.name, error)

    def _result(self, works: Callable[[], bool], future: Future[pa.Table], within: float | None) -> pa.Table:
        begun = time.monotonic()
        without: float | None = None
        while True:
            try:
                return future.result(timeout=POLL if within is None else min(POLL, within))
            except Waiting:
                if future.done():
                    raise
            now = time.monotonic()
            if within is not None and now - begun >= within:
                reason = f"no executor is there within {within:g} s"
                raise ExecutorsGone(self.name, reason, "start workers of the cluster, or free some of their cores")
            without = None if works() else without or now
            if without is not None and now - without > self.timeout:
                raise ExecutorsGone(self.name, f"no executor has worked for {self.timeout:g} s")


def _tagged(job: Job, session: Any, tag: str) -> pa.Table:
    session.addTag(tag)
    try:
        return job(session)
    finally:
        with suppress(Exception):
            session.removeTag(tag)


def _partitions(session: Any) -> pa.Table:
    """Return the number of partitions of a frame that has no other reason for it."""
    return session.range(1 << 16).selectExpr("spark_partition_id() + 1 AS n").selectExpr("max(n)").toArrow()


def _works(running: Callable[[], int | None], together: bool) -> bool:
    """Return whether executors work. No stage is under way between jobs, but also before tasks that run together."""
    tasks = running()
    return not together if tasks is None else tasks > 0


def free(address: str) -> None:
    """Free the rows behind an address that are not needed any more; the first failure ends it."""
    for other, number in [STALE.popleft() for _ in range(len(STALE))]:
        if other != address:
            STALE.append((other, number))
        elif (kept := KEPT[address].pop(number, None)) is not None:
            try:
                kept.unpersist()
            except failures():
                KEPT.pop(address, None)


@atexit.register
def _free_all() -> None:
    """Leave nothing behind in a server of Spark Connect, or in a session that others use."""
    for address in [one for one, kept in KEPT.items() if kept and outlives(one)]:
        STALE.extend((address, number) for number in KEPT[address])
        with suppress(EngineUnavailable):
            answering(address, address, 1.0)
            free(address)
