"""Tasks that run, as a server of Spark Connect reports them."""

from __future__ import annotations

from driftloop.pipelines.engines.spark_activity import Reported


def test_tasks_of_all_operations_count_until_they_end() -> None:
    reported = Reported()
    assert reported.tasks() is None
    reported([], 2, "a", False)
    reported([], 1, "b", False)
    assert reported.tasks() == 3
    reported([], 0, "a", False)
    reported([], 0, "b", True)
    assert reported.tasks() == 0
    reported([], 0, "a", True)
    assert reported.tasks() is None
