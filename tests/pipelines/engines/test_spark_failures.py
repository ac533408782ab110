"""Traces of Spark as one line and an advice."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import EngineMisfit, EngineUnavailable
from driftloop.pipelines.engines.spark_failures import ExecutorsGone, explained

NAME = "spark at spark://host:7077"
LOST = """Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure: Lost task 0.3 in \
stage 3.0 (TID 9) (10.0.0.7 executor 2): ExecutorLostFailure (executor 2 exited caused by one of the running tasks) \
Reason: Remote RPC client disassociated.
Driver stacktrace:
	at org.apache.spark.scheduler.DAGScheduler.abortStage"""
CRASHED = """An error occurred while calling o58.collectAsArrowToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 0.0 failed 1 times, most recent \
failure: Lost task 1.0 in stage 0.0 (TID 1) (host executor driver): org.apache.spark.SparkException: Python worker \
exited unexpectedly (crashed)
	at org.apache.spark.api.python"""
TOGETHER = """Job aborted due to stage failure: Could not recover from a failed barrier ResultStage. Most recent \
failure reason: Stage failed because barrier task ResultTask(243, 0) finished unsuccessfully.
"""
RAISED = f"""{TOGETHER}org.apache.spark.api.python.PythonException: [PYTHON_EXCEPTION] An exception was thrown from \
the Python worker: Traceback (most recent call last):
  File "spark_fit.py", line 10, in add
OSError: [Errno 28] No space left on device
 SQLSTATE: 38000
	at org.apache.spark.api.python"""
SIZE = """org.apache.spark.SparkException: Job aborted due to stage failure: Total size of serialized results of 3 \
tasks (1204.0 MiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)."""
DYNAMIC = """org.apache.spark.SparkException: Exception thrown in awaitResult:
	at org.apache.spark.util.SparkThreadUtils$.awaitResult
Caused by: org.apache.spark.scheduler.BarrierJobRunWithDynamicAllocationException: [SPARK-24942]: Barrier execution \
mode does not support dynamic resource allocation for now."""
OTHER_PYTHON = """[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.10 than that in driver: 3.11, \
PySpark cannot run with different minor versions."""


@pytest.mark.parametrize(
    ("text", "found", "remedy"),
    [
        (LOST, "ExecutorLostFailure (executor 2 exited caused by one of", "give the executors more memory"),
        (CRASHED, "Python worker exited unexpectedly (crashed)", "give the executors more memory"),
        (RAISED, ": OSError: [Errno 28] No space left on device", "start it again"),
        (
            f"{TOGETHER}org.apache.spark.SparkException: Python worker exited",
            ": Python worker exited",
            "start it again",
        ),
        (DYNAMIC, ": Barrier execution mode does not support dynamic", "set spark.dynamicAllocation.enabled to false"),
        (SIZE, "Total size of serialized results of 3 tasks", "raise spark.driver.maxResultSize"),
        ("ModuleNotFoundError: No module named 'pyarrow'", "'pyarrow'", "PYSPARK_PYTHON is their Python"),
        ("[UNKNOWN] something new\n\tat org.apache", "[UNKNOWN] something new", "start it again"),
        ("", "RuntimeError", "start it again"),
    ],
)
def test_a_trace_is_one_line_and_an_advice(text: str, found: str, remedy: str) -> None:
    error = explained(NAME, RuntimeError(text))
    assert isinstance(error, EngineUnavailable)
    assert error.found.startswith(f"{NAME}: ")
    assert found in error.found
    assert "\n" not in error.found
    assert "\tat " not in error.found
    assert remedy in error.remedy


def test_a_failure_of_tasks_that_run_together_can_be_repeated() -> None:
    assert isinstance(explained(NAME, RuntimeError(RAISED)), ExecutorsGone)
    assert not isinstance(explained(NAME, RuntimeError(LOST)), ExecutorsGone)


def test_another_python_is_a_misfit() -> None:
    error = explained(NAME, RuntimeError(OTHER_PYTHON))
    assert isinstance(error, EngineMisfit)
    assert "python 3.10" in error.found
