"""Models that several tests of one file look at, trained once a file; the command line, here or in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from tests.conftest import Model
from tests.streams import day, stream

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}


@pytest.fixture(scope="module")
def trained(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Model]:
    """Makes a small model with a first champion; the same changes give the same model within a file of tests."""
    made: dict[str, Model] = {}

    def make(frame: pd.DataFrame | None = None, **changes: Any) -> Model:
        key = repr(sorted(changes.items()))
        if frame is not None or key not in made:
            rows = stream(task=changes.get("task", "regression")) if frame is None else frame
            model = Model(tmp_path_factory.mktemp("trained")).given(rows, **{**SMALL, **changes})
            check = model.check(day(21))
            assert check.outcome is Outcome.BOOTSTRAPPED, check.reason
            if frame is not None:
                return model
            made[key] = model
        return made[key]

    return make


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line, or other Python arguments, in a fresh process with a state folder of its own."""
    home = tmp_path / "state"

    def run(*words: object, python: bool = False, **more: str) -> subprocess.CompletedProcess[str]:
        own = {"DRIFTLOOP_HOME": str(home), "PYTHONPATH": str(ROOT), **more}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}
        command = [sys.executable, *([] if python else ["-m", "driftloop.pipelines.cli"]), *map(str, words)]
        return subprocess.run(
            command, env={**inherited, **own}, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False
        )

    return run


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs the command line as `process` does, in this process: what is stated and how it ends, without a start.

    Its state folder is that of `process`. MLflow and Prefect are the session's; afterwards MLflow has no experiment
    whose files are in that folder, which would make the session's state a copy of it for other processes.
    """
    from driftloop.pipelines.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
        output = [*map(str, words)]
        done = CliRunner().invoke(main, output, env={"DRIFTLOOP_HOME": str(tmp_path / "state"), **more})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return subprocess.CompletedProcess(output, done.exit_code, done.stdout, done.stderr)

    yield run
    if (tmp_path / "state").exists():
        for one in registry.client().search_experiments():
            if str(tmp_path) in one.artifact_location:
                registry.client().delete_experiment(one.experiment_id)


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """A real HTTP server on this machine and the JSON that it was sent; a path with `no` is answered with 500."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "no" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    server.server_close()


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Have a distribution installed in another version, as its metadata on the path states."""
    from driftloop.pipelines.runtime.fingerprint import fingerprint

    def to(name: str, version: str) -> None:
        place = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        fingerprint.cache_clear()

    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield to
    fingerprint.cache_clear()
