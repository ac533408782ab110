"""Opening of a session of Spark: by a master, by Spark Connect, or the one that this process has already."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from driftloop.monitoring.errors import EngineUnavailable, ExtraMissing
from driftloop.pipelines.engines.spark_failures import advice, explained, failures, reason

ACTIVE = "active"
PORTS = {"spark": 7077, "sc": 15002}
# What brings a session along: spark-submit, a Connect server that the environment names, Databricks.
BRINGING = ("PYSPARK_GATEWAY_PORT", "SPARK_REMOTE", "DATABRICKS_RUNTIME_VERSION")
# A row is a piece of thousands of rows: few of them are a batch.
BATCH = {"spark.sql.execution.arrow.maxRecordsPerBatch": "64"}
QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
# For how long Spark waits for executors that tasks which run together need, and there are none: not for ten minutes.
WAITING = {
    "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "3s",
    "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures": "3",
}
HERE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}

# What pyspark warns of in every process, and what is an error of ours.
IGNORED = ("PySpark does not yet fully support pandas", r"\[RETRIES_EXCEEDED\]")

SESSIONS: dict[str, Any] = {}
GATEWAYS: list[Any] = []
OPENING = threading.Lock()


def opened(address: str, name: str, timeout: float) -> Any:
    """Return the session behind an address, the same one for all checks of this process; errors as in `Session`."""
    with OPENING:
        session = SESSIONS.get(address)
        if session is not None and alive(session):
            return _patient(session, timeout)
        forget(address)
        if session is not None and address != ACTIVE:
            for _ in range(2):  # of a driver that died the first call fails, and the second one lets it go
                with suppress(Exception):
                    session.stop()
        for text in IGNORED:
            warnings.filterwarnings("ignore", text)
        try:
            import pyspark.sql  # noqa: F401
        except ImportError:
            raise ExtraMissing("engine.spark", "pyspark", "spark") from None
        if address == ACTIVE:
            session = _active(name)
        elif address.startswith("sc://"):
            session = _connected(address, name, timeout)
        else:
            session = _started(address, name, timeout)
        SESSIONS[address] = session
        return _patient(session, timeout)


def forget(address: str) -> None:
    """Open a new session at the next use of an address."""
    SESSIONS.pop(address, None)


def is_classic(session: Any) -> bool:
    """Return whether a session has its driver in this process, and not behind Spark Connect."""
    from pyspark.sql import SparkSession

    return type(session) is SparkSession


def alive(session: Any) -> bool:
    """Return whether a session can still be used."""
    try:
        if is_classic(session):
            return bool(session.sparkContext.defaultParallelism)  # an error if it was stopped
        return not session.is_stopped
    except Exception:
        return False


def outlives(address: str) -> bool:
    """Return whether a session goes on when this process ends."""
    return address == ACTIVE or address.startswith("sc://")


def _patient(session: Any, timeout: float) -> Any:
    """Have a client of Spark Connect try for about `timeout` seconds, and not for ten minutes, to reach its server."""
    if not is_classic(session):
        from pyspark.sql.connect.client.retries import DefaultPolicy

        session.client.set_retry_policies([DefaultPolicy(max_retries=8, max_backoff=int(timeout * 200))])
    return session


def _found(name: str) -> Any:
    """Return the session of this process, if there is one."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        session = SparkSession.active()
    except PySparkException:
        return SparkSession.builder.getOrCreate() if any(map(os.environ.get, BRINGING)) else None
    except failures() as error:
        raise explained(name, error) from None
    return session if alive(session) else None


def _active(name: str) -> Any:
    session = _found(name)
    if session is None:
        raise EngineUnavailable(
            name,
            "this process has no session of Spark",
            "start one before the check, run it by spark-submit, set SPARK_REMOTE, or write an address in place of "
            "`active`: engine: {spark: sc://host:15002}",
        )
    return session


def _connected(address: str, name: str, timeout: float) -> Any:
    try:
        from pyspark.sql.connect.session import SparkSession
    except ImportError:
        raise ExtraMissing("engine.spark", "grpcio", "spark") from None
    answering(address, name, timeout)
    try:
        session = _patient(SparkSession.builder.remote(address).create(), timeout)
        with suppress(Exception):  # a server can forbid settings
            for key, value in BATCH.items():
                session.conf.set(key, value)
    except failures() as error:
        raise explained(name, error) from None
    return session


def _started(master: str, name: str, timeout: float) -> Any:
    """Start a driver of Spark, a process of Java that ends with this one."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    session = _found(name)
    if session is not None and is_classic(session):
        if session.sparkContext.master == master:
            return session
        raise EngineUnavailable(
            name,
            f"this process has a session of Spark at {session.sparkContext.master}, and can have one only",
            "use `spark: active` for that session, or check models with other masters in processes of their own",
        )
    _refuse_ended(name)
    require_java(name)
    answering(master, name, timeout)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf(loadDefaults=False).setMaster(master).setAppName("driftloop")
    conf.setAll(
        [*BATCH.items(), *QUIET.items(), *WAITING.items(), *(HERE.items() if master.startswith("local") else ())]
    )
    other: tuple[type[Exception], ...] = (*failures(), ValueError)
    with _logged() as (log, lines), _own_signals():
        try:
            return SparkSession(SparkContext(conf=conf, gateway=_gateway(conf, log)))
        except other as error:
            text = f"{error}\n" + "\n".join(lines)
            raise EngineUnavailable(name, f"Spark does not start: {reason(text)}", advice(text)) from None


def _gateway(conf: Any, log: int) -> Any:
    """Return the process of Java; pyspark can have one in the life of a process."""
    from pyspark.java_gateway import launch_gateway

    if not GATEWAYS:
        GATEWAYS.append(launch_gateway(conf, {"stdout": log, "stderr": log}))
    return GATEWAYS[0]


def _refuse_ended(name: str) -> None:
    """Raise EngineUnavailable if the process of Java has ended."""
    if GATEWAYS and GATEWAYS[0].proc.poll() is not None:
        raise EngineUnavailable(
            name,
            "the driver of Spark, a process of Java, has ended, and pyspark starts no other in this process",
            "start this process again; with Spark Connect (sc://host:15002) the driver is elsewhere",
        )


def require_java(name: str) -> None:
    """Raise EngineUnavailable if there is no Java."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which(os.path.join(home, "bin", "java") if home else "java") is None:
        where = f"JAVA_HOME={home} has no bin/java" if home else "there is no `java` on the path"
        raise EngineUnavailable(
            name, f"Spark needs Java, and {where}", "install Java 17 or 21, and set JAVA_HOME if it is not on the path"
        )


def answering(address: str, name: str, timeout: float) -> None:
    """Raise EngineUnavailable if no host of an address accepts connections; Spark itself waits for minutes."""
    scheme, _, rest = address.partition("://")
    if scheme not in PORTS:
        return
    hosts = re.split(r"[/;]", rest)[0]
    for host in hosts.split(","):
        known = re.fullmatch(r"\[?(.+?)\]?(?::(\d+))?", host)
        with (
            suppress(OSError),
            socket.create_connection((known[1], int(known[2] or PORTS[scheme])) if known else ("", 0), timeout),
        ):
            return
    server = "the Spark Connect server" if scheme == "sc" else "the master"
    raise EngineUnavailable(name, f"{server} does not answer within {timeout:g} s at {hosts}")


@contextmanager
def _logged() -> Iterator[tuple[int, deque[str]]]:
    """Yield where a process may write for all its life, and its last lines."""
    lines: deque[str] = deque(maxlen=200)
    read, write = os.pipe()

    def follow() -> None:
        with os.fdopen(read, errors="replace") as output:
            lines.extend(iter(output.readline, ""))

    threading.Thread(target=follow, name="log of Spark", daemon=True).start()
    try:
        yield write, lines
    finally:
        os.close(write)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handler of Ctrl-C, which Spark replaces."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
