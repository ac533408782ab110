"""A real Prefect server, with its schedules and automations, for a session of tests; and workers that it gives work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
UP = 120.0
SOON = 240.0
QUICK = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}


def inherited() -> dict[str, str]:
    """The environment of the tests without anything that names a server or a state folder."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}


class PrefectServer:
    """A server on a folder and a port of its own, which can die and come back as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its answer."""
        env = {**inherited(), **QUICK, "PREFECT_HOME": str(self.folder)}
        place = ("--host", "127.0.0.1", "--port", str(self.port))
        command = [sys.executable, "-m", "prefect", "server", "start", *place]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + UP
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "the Prefect server does not come up"
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        # The command has the server as a child, in the session that was made for it.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One server a session, started when the first test asks for it."""
    server = PrefectServer(tmp_path_factory.mktemp("prefect-server"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def on_server(server: PrefectServer) -> Iterator[None]:
    """Inside, this process talks to that server."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: server.url}):
        yield


def ask(server: PrefectServer, path: str, body: Any) -> Any:
    """A request as any other program sends it."""
    content = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/{path}", json.dumps(body).encode(), content)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def emitted(server: PrefectServer, name: str, model: str, payload: dict[str, Any] | None = None) -> None:
    """Send an event about a model, as whoever brings rows does; it has arrived when this returns."""
    about = {"prefect.resource.id": f"driftloop.model.{model}"}
    told = {"id": str(uuid.uuid4()), "occurred": datetime.now(UTC).isoformat(), "payload": payload or {}}
    ask(server, "events", [{"event": name, "resource": about, **told}])


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for something that others do; gives it."""
    end = time.monotonic() + SOON
    while not (found := true()):
        assert time.monotonic() < end, f"not within {SOON:g} s: {what}"
        time.sleep(0.5)
    return found


@contextmanager
def worker(server: PrefectServer, pool: str, log: Path, **where: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process worker on a pool, with the places of state in its environment; ended with the block."""
    told: dict[str, Any] = {"PREFECT_API_URL": server.url, "PREFECT_HOME": str(log.parent / "worker")}
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_WORKER_HEARTBEAT_SECONDS": "5"}
    env = {**inherited(), **QUICK, **quick, **told, "PYTHONPATH": str(ROOT), **where}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]
    with log.open("ab") as said:
        process = subprocess.Popen(command, env=env, stdout=said, stderr=said, cwd=log.parent, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
