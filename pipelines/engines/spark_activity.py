"""Number of tasks that executors of Spark run: it shows whether a job works, or waits for executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from driftloop.pipelines.engines.spark_opening import is_classic

Running = Callable[[], "int | None"]


@contextmanager
def watched(session: Any) -> Iterator[Running]:
    """Yield what returns the number of tasks that run; None where no stage is under way.

    A classic session counts the tasks of all its jobs; over Spark Connect the server reports those of this process,
    every two seconds (spark.connect.progress.reportInterval).
    """
    if is_classic(session):
        yield lambda: _tasks(session.sparkContext.statusTracker())
        return
    reported = Reported()
    session.registerProgressHandler(reported)
    try:
        yield reported.tasks
    finally:
        with suppress(ValueError):
            session.removeProgressHandler(reported)


class Reported:
    """Tasks that run, by operation, as a server of Spark Connect reports them."""

    def __init__(self) -> None:
        self._tasks: dict[str | None, int] = {}

    def __call__(self, stages: Any, inflight_tasks: int, operation_id: str | None, done: bool) -> None:
        """Note a report."""
        if done:
            self._tasks.pop(operation_id, None)
        else:
            self._tasks[operation_id] = inflight_tasks

    def tasks(self) -> int | None:
        """Return the number of tasks that run; None before the first report of an operation and after its end."""
        reports = list(self._tasks.values())
        return sum(reports) if reports else None


def _tasks(tracker: Any) -> int | None:
    stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
    return sum(stage.numActiveTasks for stage in stages if stage is not None) if stages else None
