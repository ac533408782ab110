"""A real Prefect server, with its schedules and automations, for a session of tests; and workers that it gives work."""

from __future__ import annotations

import json
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

from tests.servers.process import Server, inherited

ROOT = Path(__file__).resolve().parents[2]
SOON = 240.0
QUICK = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}


class PrefectServer(Server):
    """The API, the schedules and the automations behind one URL."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        """On SQLite in the folder, or on an empty database by its address."""
        super().__init__(folder, "/api")
        self.database = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}

    def words(self) -> list[str]:
        return ["prefect", "server", "start"]

    def settings(self) -> dict[str, str]:
        return {**QUICK, "PREFECT_HOME": str(self.folder), **self.database}


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
    """Inside, this process talks to that server, and after it to the one before: its events and logs as well."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    _send_the_rest()
    with temporary_settings({PREFECT_API_URL: server.url}):
        try:
            yield
        finally:
            _send_the_rest()


def _send_the_rest() -> None:
    """End the threads that send events and logs: they keep the server that they began with. The next ones are new."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=10, at_exit=False)


def ask(server: PrefectServer, path: str, body: Any) -> Any:
    """A request as any other program sends it."""
    content = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/{path}", json.dumps(body).encode(), content)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def emitted(server: PrefectServer, name: str, model: str, payload: dict[str, Any] | None = None) -> None:
    """Send an event about a model, as any process that brings rows does; it has arrived when this returns."""
    about = {"prefect.resource.id": f"driftloop.model.{model}"}
    payload = {"id": str(uuid.uuid4()), "occurred": datetime.now(UTC).isoformat(), "payload": payload or {}}
    ask(server, "events", [{"event": name, "resource": about, **payload}])


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
    with _started(["prefect", "worker", "start", "--pool", pool], server, log, where) as process:
        yield process


@contextmanager
def warm_worker(server: PrefectServer, pool: str, log: Path, **where: str) -> Iterator[subprocess.Popen[bytes]]:
    """The same by `driftloop worker`."""
    with _started(["driftloop.pipelines.cli", "worker", "--pool", pool], server, log, where) as process:
        yield process


@contextmanager
def _started(
    words: list[str], server: PrefectServer, log: Path, where: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    variables: dict[str, Any] = {"PREFECT_API_URL": server.url, "PREFECT_HOME": str(log.parent / "worker")}
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_WORKER_HEARTBEAT_SECONDS": "5"}
    env = {**inherited(), **QUICK, **quick, **variables, "PYTHONPATH": str(ROOT), **where}
    command = [sys.executable, "-m", *words]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=env, stdout=output, stderr=output, cwd=log.parent, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
