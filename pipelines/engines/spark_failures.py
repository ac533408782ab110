"""Failures of Spark as errors with one line of reason: Spark reports them as traces of several languages."""

from __future__ import annotations

import re

from driftloop.monitoring.errors import EngineMisfit, EngineUnavailable
from driftloop.monitoring.errors.base import DriftloopError
from driftloop.pipelines.engines.versions import here

# Parts of what Spark reports, by what is to be done about it.
ADVICE = {
    "SPARK-24942": "set spark.dynamicAllocation.enabled to false for training, or training.max_rows in the config",
    "maxResultSize": "raise spark.driver.maxResultSize of the session",
    "OutOfMemory": "give the executors more memory (spark.executor.memory, spark.executor.memoryOverhead)",
    "ExecutorLostFailure": "give the executors more memory, or find why they die",
    "exited unexpectedly": "give the executors more memory, or find why their Python dies",
    "No module named": "install driftloop where the executors run (PYSPARK_PYTHON is their Python)",
    "Cannot run program": "set PYSPARK_PYTHON to the Python of the executors",
    "UnsupportedClassVersionError": "install Java 17 or 21, and set JAVA_HOME",
}
CAUSES = (
    re.compile(r"\[SPARK-\d+\]: (.+)"),
    re.compile(r"finished unsuccessfully\.[^\t]*?Traceback[^\t]*?\n(\w[^\n]+)"),
    re.compile(r"finished unsuccessfully\.\s*(?:[\w.]+: )?(.+)"),
    re.compile(r"most recent failure: (?:Lost task [^:]*?: )?(.+)"),
    re.compile(r"([\w.]*(?:Exception|Error|UnsupportedClassVersionError): .+)"),
)
# What it reports of tasks that run together: there cannot be so many at a time, or one of them died.
TOGETHER = ("SPARK-24819", "failed barrier ResultStage")
LOST = ("Py4JNetworkError", "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "EOFError")
# What Spark Connect reports of a server that is gone, or that was started again.
GONE = ("StatusCode.UNAVAILABLE", "RETRIES_EXCEEDED", "SESSION_NOT_FOUND", "SESSION_CLOSED", "SESSION_CHANGED")
OTHER_PYTHON = re.compile(r"PYTHON_VERSION_MISMATCH\].*?different version:? (\d+[.]\d+)", re.DOTALL)


class ExecutorsGone(EngineUnavailable):
    """Executors that a job needs are gone, or work on something else."""


def failures() -> tuple[type[Exception], ...]:
    """Return the types of errors by which Spark, its gateway and its client report a failure."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    found: tuple[type[Exception], ...] = (Py4JError, PySparkException, OSError, EOFError)
    try:
        from grpc import RpcError
    except ImportError:
        return found
    return (*found, RpcError)


def explained(engine: str, error: Exception) -> DriftloopError:
    """Return the error that a failure of Spark is for a user.

    >>> print(explained("spark at local[2]", ConnectionRefusedError(111, "refused")).found)
    spark at local[2]: the connection to Spark was lost
    """
    text = str(error)
    if other := OTHER_PYTHON.search(text):
        own = here(())["python"]
        return EngineMisfit(engine, f"an executor has python {other[1]}", f"python {own}", f"Python {own}")
    if is_lost(error):
        return EngineUnavailable(engine, "the connection to Spark was lost")
    kind = ExecutorsGone if any(part in text for part in TOGETHER) else EngineUnavailable
    return kind(engine, reason(text) or type(error).__name__, advice(text))


def is_lost(error: BaseException) -> bool:
    """Return whether a failure means that the session cannot be used any more."""
    return type(error).__name__ in LOST or any(part in str(error) for part in GONE)


def advice(text: str) -> str | None:
    """Return what to do about a failure, if that is known."""
    return next((advice for part, advice in ADVICE.items() if part in text), None)


def reason(text: str) -> str:
    r"""Return the line that names the cause of a failure, at most 300 characters.

    >>> reason("Job aborted.\nLost task 0.0 in stage 1.0 (host executor 1): java.io.IOException: disk full\n\tat")
    'java.io.IOException: disk full'
    """
    for cause in CAUSES:
        if found := cause.search(text):
            return " ".join(found[1].split())[:300]
    return " ".join(text.strip().partition("\n")[0].split())[:300]
