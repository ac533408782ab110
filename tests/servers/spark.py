"""A real server of Spark Connect on this machine, whose executors are processes that a test can kill.

python -m tests.servers.spark --host 127.0.0.1 --port 15002
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.process import Server

ROOT = str(Path(__file__).resolve().parents[2])
# A session whose driver is the process of the test.
MASTER = "local[2]"


def needs_spark() -> None:
    """Skip the tests of a module where Spark or Java is not installed."""
    pytest.importorskip("pyspark", reason="pip install -e '.[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Java 17 is not installed", allow_module_level=True)


class SparkServer(Server):
    """A driver with two executors of one core and 1 GB each."""

    @property
    def address(self) -> str:
        return f"sc://127.0.0.1:{self.port}"

    def words(self) -> list[str]:
        return ["tests.servers.spark"]

    def settings(self) -> dict[str, str]:
        return {"PYTHONPATH": ROOT, "PYSPARK_PYTHON": sys.executable}

    def answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def executors(self) -> list[int]:
        """Return the process ids of its executors."""
        assert self.process is not None
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                words = (place / "cmdline").read_bytes()
                group = os.getpgid(int(place.name))
            except (OSError, ValueError):
                continue
            if group == self.process.pid and b"CoarseGrainedExecutorBackend" in words:
                found.append(int(place.name))
        return sorted(found)


def fitting(root: int) -> list[int]:
    """Return the Pythons below a process that have rows of a fit on disk, in a file without a name."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    found = []
    for process in parents:
        above = process
        while above not in (0, root):
            above = parents.get(above, 0)
        with suppress(OSError):
            place = Path(f"/proc/{process}")
            if above == root and b"pyspark" in (place / "cmdline").read_bytes():
                found += [process] if any(_of_fit(os.readlink(file)) for file in (place / "fd").iterdir()) else []
    return sorted(found)


def _of_fit(file: str) -> bool:
    return "blockmgr" in file and file.endswith("(deleted)")


def main() -> None:
    """Run a server until it is ended."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True)
    given = parser.parse_args()
    conf = SparkConf().setMaster("local-cluster[2,1,1024]").setAppName("server of tests")
    conf.set("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
    conf.set("spark.connect.grpc.binding.port", given.port)
    conf.set("spark.ui.enabled", "false").set("spark.executor.memory", "1g")
    conf.set("spark.driver.host", given.host).set("spark.driver.bindAddress", given.host)
    # The work of a client that is gone ends after the sum of these times, 2 and 5 minutes by default.
    conf.set("spark.connect.execute.reattachable.senderMaxStreamDuration", "20s")
    conf.set("spark.connect.execute.manager.detachedTimeout", "10s")
    conf.set("spark.connect.execute.manager.maintenanceInterval", "2s")
    SparkSession(SparkContext(conf=conf))
    signal.pause()


if __name__ == "__main__":
    main()
