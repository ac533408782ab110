"""Training of xgboost in tasks of a barrier stage of Spark, which start together or not at all.

The executors encode the chosen rows where they keep them. A shuffle of Spark brings the shards of a task together,
where xgboost quantizes them by cuts that all tasks find, and sums the gradients in each round, as in `dask_training`.
"""

from __future__ import annotations

import heapq
import logging
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from driftloop.pipelines.engines import spark_work
from driftloop.pipelines.engines.repeating import WorkerGone
from driftloop.pipelines.engines.spark_failures import ExecutorsGone
from driftloop.pipelines.engines.spark_session import Session
from driftloop.pipelines.engines.versions import here, refuse_others

if TYPE_CHECKING:
    import pyarrow as pa

START = 20.0  # seconds, at most, in which tasks start together if there are executors for so many of them
COLUMNS = ("kind", "shard", "place", "result")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Pieces of shards to train on: the frame that executors keep, and what encodes their chosen rows there.

    `rows` are the numbers of chosen rows of each shard and place.
    """

    kept: Any
    encode: Callable[..., Any]
    rows: Mapping[tuple[int, int], int]

    def dealt(self, tasks: Mapping[int, int]) -> Any:
        """Return the encoded rows with the task of each piece."""
        first, last = min(self.rows)[0], max(self.rows)[0]
        numbers = ", ".join(str(tasks.get(shard, 0)) for shard in range(first, last + 1))
        encoded = self.kept.select("kind", "shard", "place", "rows").mapInArrow(self.encode, spark_work.RESULTS)
        return encoded.selectExpr(*COLUMNS, f"array({numbers})[CAST(shard - {first} AS INT)] AS task")


def fit_once(session: Session, parts: Sequence[Part], plan: bytes) -> pa.Table:
    """Return what the tasks of one fit return: as many of them as executors run now, at most one per shard with rows.

    `plan` is the pickled `Boosting`. `WorkerGone` if executors are gone meanwhile.
    """
    rows: dict[int, int] = {}
    for part in parts:
        for (shard, _), some in part.rows.items():
            rows[shard] = rows.get(shard, 0) + some
    many = tasks_at_a_time(session, sum(some > 0 for some in rows.values()))
    LOG.info("%s: a fit by %d task%s", session.name, many, "s" if many > 1 else "")
    tasks = deal(rows, many)
    expected: dict[int, list[tuple[int, int]]] = {task: [] for task in range(many)}
    for part in parts:
        for place in part.rows:
            expected[tasks[place[0]]].append(place)
    run = session.by_value(spark_work.fitting)(plan, expected, here())
    try:
        (table,) = session.tables([partial(_job, parts, tasks, many, run)], together=True)
    except ExecutorsGone as error:
        raise WorkerGone(error.found.removeprefix(f"{session.name}: ")) from None
    return table


def _job(parts: Sequence[Part], tasks: Mapping[int, int], many: int, run: Any, session: Any) -> pa.Table:
    frames = [part.dealt(tasks) for part in parts]
    placed = reduce(lambda one, other: one.union(other), frames).repartitionById(many, "task").select(*COLUMNS)
    return placed.mapInArrow(run, spark_work.RESULTS, barrier=True).toArrow()


def deal(rows: Mapping[int, int], tasks: int) -> dict[int, int]:
    """Return the task of each shard: shards with most rows first, each to the task that has the fewest.

    >>> deal({0: 5, 1: 9, 2: 4, 3: 0}, 2)
    {1: 0, 0: 1, 2: 1, 3: 0}
    """
    loads, found = [(0, task) for task in range(tasks)], {}
    for shard in sorted(rows, key=lambda shard: (-rows[shard], shard)):
        load, task = heapq.heappop(loads)
        found[shard] = task
        heapq.heappush(loads, (load + rows[shard], task))
    return found


def tasks_at_a_time(session: Session, most: int) -> int:
    """Return how many tasks, at most `most` and at least 1, executors can run together.

    The default parallelism is tried with a stage that does nothing, and halved as long as that does not start.
    """
    many = min(most, session.parallelism())
    while many > 1 and not _start(session, many):
        LOG.warning("%s: %d tasks do not start together, %d are tried", session.name, many, many // 2)
        many //= 2
    return max(many, 1)


def _start(session: Session, many: int) -> bool:
    """Return whether this many tasks start together in time; compare the versions of their executors."""
    run = session.by_value(spark_work.looking)(here())
    job = partial(_empty, many, run)
    try:
        (table,) = session.tables([job], within=min(session.timeout, START), together=True)
    except ExecutorsGone:
        return False
    for other in table.column(3).to_pylist():
        refuse_others(session.name, pickle.loads(other), here())
    return True


def _empty(many: int, run: Any, session: Any) -> pa.Table:
    return session.range(0, many, 1, many).mapInArrow(run, spark_work.RESULTS, barrier=True).toArrow()
