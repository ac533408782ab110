"""`driftloop score` as a user runs it: a process of its own, requests over HTTP, a promotion, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pandas as pd
import pytest

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions import prediction_log
from tests.conftest import Model
from tests.listened import Listened
from tests.pipelines.scoring.conftest import ROW

ROOT = Path(__file__).resolve().parents[3]
SOON = 120.0


class Score(Listened):
    """A scorer over one model in the state folder of the tests."""

    def __init__(self, file: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        super().__init__(["score", str(file), "--port", "0"], environment, file.parent, SOON)
        self.port = self.until(lambda: re.search(r"http://127.0.0.1:(\d+)/health", "".join(self.log)))[1]
        self.until(lambda: self.ask("/ready")[0] == 200)

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
    stop = threading.Event()

    def load_() -> None:
        while not stop.is_set():
            statuses.append(score.ask(path, [{**ROW, "no": "load"}])[0])

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
    assert (found["no"] == "load").sum() == len(statuses)
    assert {"1", "2"} <= set(found["version"])
    assert "Traceback" not in "".join(score.log)


@pytest.mark.faults
def test_kill_loses_at_most_the_last_second(score: Score, made: Model) -> None:
    """Answers that are older survive in the journal, and the next scorer brings them into the log, once."""
    path = f"/predict/{made.name}"
    for at in range(20):
        score.ask(path, [{**ROW, "no": f"killed {at}"}])
    score.until(lambda: score.ask("/health")[1]["log"]["queued_rows"] == 0)
    score.process.kill()
    score.process.wait()
    assert not logged(made)["no"].astype(str).str.startswith("killed").any()
    again = Score(made.file)
    again.until(lambda: "1 interrupted journals were added" in "".join(again.log))
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(SOON) == 0
    found = logged(made)["no"].astype(str)
    assert sorted(found[found.str.startswith("killed")]) == sorted(f"killed {at}" for at in range(20))
