"""A real MLflow server on SQLite in a temporary folder, for a session of tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.prefect import UP, inherited


class MlflowServer:
    """Tracking, registry and artifacts behind one URL."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait for its answer."""
        env = {**inherited(), "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
        # Five processes that would wait for jobs that we have not.
        env["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        stores = ("--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--serve-artifacts")
        artifacts = ("--artifacts-destination", (self.folder / "artifacts").as_uri())
        place = ("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1")
        command = [sys.executable, "-m", "mlflow", "server", *stores, *artifacts, *place]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + UP
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "the MLflow server does not come up"
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """As a power cut would: the server and the worker that it has started, a session of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        self.kill()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One server a session, started when the first test asks for it."""
    server = MlflowServer(tmp_path_factory.mktemp("mlflow-server"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
