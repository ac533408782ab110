"""`driftloop score` as a user runs it: a process of its own, requests over HTTP, a promotion, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pandas as pd
import pytest
from mlflow import MlflowClient

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions import prediction_log
from tests import streams
from tests.conftest import Model
from tests.listened import Listened
from tests.pipelines.scoring.conftest import HOURLY, ROW
from tests.servers.mlflow import MlflowServer

ROOT = Path(__file__).resolve().parents[3]
SOON = 120.0


class Score(Listened):
    """A scorer over one model in the state folder of the tests."""

    def __init__(self, file: Path, words: Sequence[str] = ("score", "--port", "0"), **environment: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        super().__init__([words[0], str(file), *words[1:]], environment, file.parent, SOON)
        self.port = self.until(lambda: re.search(r"predictions are on http://127.0.0.1:(\d+)/", "".join(self.log)))[1]
        self.until(lambda: self.ask("/ready")[0] == 200)

    def logged(self, text: str) -> bool:
        return text in "".join(self.log)

    def ask(self, path: str, rows: Any = None) -> tuple[int, Any]:
        body = None if rows is None else json.dumps(rows).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def score(made: Model) -> Iterator[Score]:
    one = Score(made.file)
    yield one
    one.process.kill()
    one.process.wait()


def logged(model: Model) -> pd.DataFrame:
    files = sorted(prediction_log.folder(load(model.file)).glob("*.parquet"))
    return (
        pd.concat([pd.read_parquet(file) for file in files], ignore_index=True) if files else pd.DataFrame({"no": []})
    )


def test_a_scorer_from_start_to_sigterm(score: Score, made: Model) -> None:
    """It answers under load while the champion changes, without a failed request; all answers are in the log."""
    path, rows = f"/predict/{made.name}", [{**ROW, "no": "first"}]
    versions = {version.number: version for version in registry.versions(made.name)}
    statuses: list[int] = []
    answered: dict[str, str] = {}
    stop = threading.Event()

    def load_() -> None:
        while not stop.is_set():
            status, answer = score.ask(path, [{**ROW, "no": "load"}] * 20)
            statuses.append(status)
            answered.update({row["prediction_id"]: answer["version"] for row in answer["predictions"]})

    thread = threading.Thread(target=load_)
    thread.start()
    try:
        assert score.ask(path, rows)[1]["version"] == "1"
        registry.point(versions["2"], registry.CHAMPION)
        score.until(lambda: score.ask(path, rows)[1]["version"] == "2")
    finally:
        registry.point(versions["1"], registry.CHAMPION)
        stop.set()
        thread.join()
    assert set(statuses) == {200}
    status, health = score.ask("/health")
    assert (status, health["status"]) == (200, "ok")
    sent = score.ask(path, [{**ROW, "no": "last"}])[1]["predictions"][0]["prediction_id"]
    score.process.send_signal(signal.SIGTERM)
    assert score.process.wait(SOON) == 0
    found = logged(made)
    assert found.loc[found["no"] == "last", "prediction_id"].tolist() == [sent]
    loaded = found[found["no"] == "load"]
    assert len(loaded) == len(answered) == 20 * len(statuses)
    assert dict(zip(loaded["prediction_id"], loaded["version"], strict=True)) == answered
    assert {"1", "2"} == set(answered.values())
    assert "Traceback" not in "".join(score.log)


def test_the_service_answers_too(made: Model) -> None:
    """`serve --score`: predictions on a port of their own, by the champion as it moves; site and metrics next to it."""
    both = Score(made.file, ("serve", "--port", "0", "--score", "--score-port", "0"))
    versions = {version.number: version for version in registry.versions(made.name)}
    path, rows = f"/predict/{made.name}", [{**ROW, "no": "both"}]
    try:
        assert both.ask(path, rows)[1]["version"] == "1"
        registry.point(versions["2"], registry.CHAMPION)
        both.until(lambda: both.ask(path, rows)[1]["version"] == "2")
        service = re.search(r"the site is on (http://127.0.0.1:\d+)/", "".join(both.log))
        assert service is not None

        def page(path: str) -> str:
            with urllib.request.urlopen(f"{service[1]}{path}", timeout=30) as answer:
                return str(answer.read().decode())

        assert "<title>" in page("/")
        both.until(lambda: f'driftloop_check_running{{model="{made.name}"}}' in page("/metrics"))
        both.process.send_signal(signal.SIGTERM)
        assert both.process.wait(SOON) == 0
    finally:
        registry.point(versions["1"], registry.CHAMPION)
        both.process.kill()
        both.process.wait()
    found = logged(made)
    assert set(found.loc[found["no"] == "both", "version"]) == {"1", "2"}
    assert "Traceback" not in "".join(both.log)


@pytest.mark.faults
def test_kill_loses_at_most_what_is_in_memory(score: Score, made: Model) -> None:
    """Answers of the journal survive, in order and without a gap; the next scorer adds them to the log, once."""
    path, sent = f"/predict/{made.name}", [f"killed {at:02d}" for at in range(50)]
    for no in sent[:20]:
        score.ask(path, [{**ROW, "no": no}])
    score.until(lambda: score.ask("/health")[1]["log"]["queued_rows"] == 0)
    for no in sent[20:]:
        score.ask(path, [{**ROW, "no": no}])
    score.process.kill()
    score.process.wait()
    assert not logged(made)["no"].astype(str).str.startswith("killed").any()
    for log in ("1 interrupted journals were added", f"{made.name}: version 1 serves"):
        again = Score(made.file)
        again.until(partial(again.logged, log))
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(SOON) == 0
        found = logged(made)["no"].astype(str)
        survived = found[found.str.startswith("killed")].tolist()
        assert survived == sent[: len(survived)]
        assert len(survived) >= 20


@pytest.mark.faults
def test_an_outage_of_the_mlflow_server_refuses_nothing(tmp_path: Path) -> None:
    """Killed and started again: answers go on, `/health` reports it, and the alias is followed afterwards."""
    server = MlflowServer(tmp_path)
    rows = streams.stream(28)
    file = streams.write(tmp_path, rows.assign(no=range(len(rows))), **HOURLY)
    environment = {"MLFLOW_TRACKING_URI": server.url, "DRIFTLOOP_HOME": str(tmp_path / "state")}
    path, statuses = "/predict/made", list[int]()
    try:
        server.start()
        command = [sys.executable, "-m", "driftloop.pipelines.cli", "check", str(file), "--now", "2026-01-29"]
        subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, cwd=tmp_path)
        client = MlflowClient(server.url)
        first = client.get_model_version_by_alias("made", registry.CHAMPION)
        stored = str(first.source).removeprefix("models:/")
        client.create_model_version("made", str(first.source), tags=dict(first.tags), model_id=stored)
        score = Score(file, **environment)

        def registry_is(reachable: bool) -> bool:
            status, answer = score.ask(path, [ROW])
            statuses.append(status)
            assert answer["version"] == "1"
            status, health = score.ask("/health")
            return bool(status == 200 and health["registry"]["reachable"] is reachable)

        score.until(lambda: registry_is(True))
        server.kill()
        score.until(lambda: registry_is(False))
        assert score.ask("/health")[1]["status"] == "degraded"
        assert score.ask("/ready")[0] == 200
        server.start()
        score.until(lambda: registry_is(True))
        client.set_registered_model_alias("made", registry.CHAMPION, "2")
        score.until(lambda: score.ask(path, [ROW])[1]["version"] == "2")
        assert set(statuses) == {200}
        assert score.ask("/health")[1]["status"] == "ok"
        score.process.send_signal(signal.SIGTERM)
        assert score.process.wait(SOON) == 0
        assert "Traceback" not in "".join(score.log)
    finally:
        server.stop()
