"""`driftloop serve` as a user runs it: a process of its own, real checks, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from driftloop.monitoring.ledger import Ledger
from tests import streams
from tests.listened import Listened

ROOT = Path(__file__).resolve().parents[3]
SOON = 150.0


class Serve(Listened):
    """A service process over one folder with a state folder of its own, its log and its endpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "state"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}
        environment = {**inherited, "DRIFTLOOP_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        super().__init__(["serve", str(folder), "--port", "0"], environment, folder, SOON)

    def wait_for(self, pattern: str) -> Any:
        return self.until(lambda: re.search(pattern, "".join(self.log)))

    def get(self, path: str) -> tuple[int, Any]:
        at = self.wait_for(r"http://127.0.0.1:(\d+)/health")[1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{at}{path}", timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def page(self, path: str) -> str:
        at = self.wait_for(r"http://127.0.0.1:(\d+)/health")[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{at}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def end(self) -> int:
        try:
            return self.process.wait(SOON)
        finally:
            self.process.kill()


@pytest.fixture
def serve(tmp_path: Path, seeded: Callable[[Path], Path]) -> Iterator[Serve]:
    rows = streams.stream(28)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows["ts"] += today - streams.day(27)
    (tmp_path / "in").mkdir()
    changes: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "always"}]}
    streams.write(tmp_path, rows, schedule={"on": {"arrival": "in/*", "settle": "0.2s"}}, **changes)
    seeded(tmp_path / "state")
    one = Serve(tmp_path)
    yield one
    one.process.kill()
    one.process.wait()


def running(home: Path) -> list[str]:
    """What Prefect and MLflow have open, read from their databases after all processes are gone."""
    import sqlite3

    found = []
    for file, query in (
        ("prefect/prefect.db", "SELECT 'flow ' || name FROM flow_run WHERE state_type IN ('RUNNING', 'PENDING')"),
        ("mlflow.db", "SELECT 'mlflow ' || name FROM runs WHERE status = 'RUNNING'"),
    ):
        with sqlite3.connect(home / file) as database:
            found += [row[0] for row in database.execute(query)]
    return found


def test_a_service_from_arrival_to_sigterm(serve: Serve) -> None:
    """A file arrives and the model is trained; a broken YAML stops nothing; SIGTERM lets the check end; exit code 0."""
    serve.wait_for("made: watched")
    (serve.folder / "in" / "one").write_text("done")
    serve.wait_for("made: bootstrapped")
    good = (serve.folder / "model.yaml").read_text()
    (serve.folder / "model.yaml").write_text("model: [")
    serve.wait_for("keeps using its last valid config")
    status, health = serve.get("/health")
    assert status == 200
    assert health["models"][0]["last_check"]["outcome"] == "bootstrapped"
    assert "well-formed" in health["models"][0]["config_error"]
    assert serve.get("/ready")[0] == 200
    assert 'href="models/made.html"' in serve.page("/")
    assert "version 1" in serve.page("/site/models/made.html")
    (serve.folder / "model.yaml").write_text(good)
    (serve.folder / "in" / "two").write_text("done")
    serve.wait_for(r"made: check \(arrival\)[\s\S]*made: check \(arrival\)")
    serve.process.send_signal(signal.SIGTERM)
    assert serve.end() == 0
    assert "Traceback" not in "".join(serve.log)
    assert running(serve.home) == []
    checks = Ledger(f"sqlite:///{serve.home / 'ledger.db'}").checks("made")
    assert len(checks) == 2, "the one that ran when the signal came has ended too"


def test_a_second_signal_cuts_the_check_off(serve: Serve) -> None:
    """Immediately, with exit code 0, and nothing stays RUNNING in Prefect or MLflow."""
    (serve.folder / "slow.py").write_text(
        "import time\ndef fit(*_, **__):\n    print('fitting', flush=True)\n    time.sleep(600)\n"
    )
    file = serve.folder / "model.yaml"
    serve.wait_for("made: watched")
    file.write_text(re.sub("estimator: .*", "estimator: slow:fit", file.read_text()))
    serve.wait_for("made: changed")
    (serve.folder / "in" / "one").write_text("done")
    serve.wait_for(r"made: check \(arrival\)")
    serve.until(lambda: (serve.home / "mlflow.db").exists() and len(running(serve.home)) >= 4)
    serve.process.send_signal(signal.SIGTERM)
    serve.wait_for("waiting for the running check")
    serve.process.send_signal(signal.SIGINT)
    assert serve.end() == 0
    deadline = time.monotonic() + 30
    while running(serve.home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running(serve.home) == []
    notes = Ledger(f"sqlite:///{serve.home / 'ledger.db'}").events("made", kinds=("check_cut_off",))
    assert len(notes) == 1
