"""A real cluster of Dask on this machine: a scheduler and workers, each a process that a test can kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import UP, Server, inherited


class DaskCluster(Server):
    """A scheduler without a dashboard, and workers without a nanny, which stay dead."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        super().__init__(folder)
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.wanted = workers

    def words(self) -> list[str]:
        return ["distributed.cli.dask_scheduler", "--no-dashboard", "--dashboard-address", ":0"]

    def settings(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}

    def answers(self) -> bool:
        from distributed import Client

        try:
            with Client(self.address, timeout="5s", set_as_default=False):
                return True
        except OSError:
            return False

    def start(self) -> None:
        """Start scheduler and workers, and wait for them."""
        super().start()
        self.whole()

    def worker(self, *path: Path) -> subprocess.Popen[bytes]:
        """Start one more worker, with some folders in front of Python's path."""
        own = self.settings()
        env = {**inherited(), **own, "PYTHONPATH": os.pathsep.join([*map(str, path), own["PYTHONPATH"]])}
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--no-nanny", "--no-dashboard"]
        command += ["--nthreads", "1", "--memory-limit", "2GiB", "--local-directory", str(self.folder)]
        with (self.folder / "workers.log").open("ab") as log:
            self.workers.append(subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True))
        return self.workers[-1]

    def whole(self) -> None:
        """Start the workers that are missing, and wait for them."""
        for _ in range(self.wanted - len(self.workers)):
            self.worker()
        self.ready()

    def ready(self) -> None:
        """Wait until the scheduler knows all living workers, and no other."""
        from distributed import Client

        end = time.monotonic() + UP
        with Client(self.address, timeout="60s", set_as_default=False) as client:
            while len(client.nthreads()) != len(self.workers):
                assert time.monotonic() < end, (self.folder / "workers.log").read_text()[-2000:]
                time.sleep(0.1)

    def end(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker, as a power cut would."""
        worker.kill()
        worker.wait()
        self.workers.remove(worker)

    def stop(self) -> None:
        for worker in list(self.workers):
            self.end(worker)
        super().stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two workers, started once; a test that kills some starts others (`whole`)."""
    made = DaskCluster(tmp_path_factory.mktemp("dask"))
    made.start()
    yield made
    made.stop()
