"""Whole processes as a user or a scheduler starts them: four simultaneous first starts, a SIGTERM in a training."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from tests import streams
from tests.faults.conftest import DEATH
from tests.pipelines.service.test_serve import running

ROOT = Path(__file__).resolve().parents[2]
SLOW = """
import pathlib, time
import xgboost

def train(frame, target, *, task, params, seed):
    here = pathlib.Path(__file__).parent
    (here / "fitting").touch()
    while not (here / "go").exists():
        time.sleep(0.05)
    return xgboost.XGBRegressor(n_estimators=5, enable_categorical=True, random_state=seed).fit(frame, target)
"""


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}
    environment = {**inherited, "DRIFTLOOP_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "driftloop.pipelines.cli", "check", str(folder / "model.yaml"), "--json", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=2 * DEATH)
    assert process.returncode == 0, err
    output: dict[str, Any] = json.loads(out)
    return output


def test_four_first_starts_on_an_empty_folder_come_through(tmp_path: Path) -> None:
    """They make Prefect's, MLflow's and our databases at the same moment: one trains, the others find it done."""
    streams.write(tmp_path, streams.stream(28), training__params={"n_estimators": 5})
    four = [started(tmp_path, "--now", "2026-01-22") for _ in range(4)]
    outcomes = sorted(ended(one)["outcome"] for one in four)
    assert outcomes == ["already_checked"] * 3 + ["bootstrapped"]
    assert running(tmp_path / "state") == []


def test_a_check_that_gets_sigterm_hands_over(tmp_path: Path) -> None:
    """It ends immediately, its training with it, and leaves nothing RUNNING; the next check carries its request on."""
    streams.write(tmp_path, streams.stream(28), training__estimator="slow_to_end:train", training__params={})
    (tmp_path / "slow_to_end.py").write_text(SLOW)
    first = started(tmp_path, "--now", "2026-01-22")
    while not (tmp_path / "fitting").exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(DEATH) == -signal.SIGTERM
    assert running(tmp_path / "state") == []
    (tmp_path / "go").touch()
    assert ended(started(tmp_path, "--now", "2026-01-22"))["outcome"] == "already_checked"
    ledger = Ledger(f"sqlite:///{tmp_path / 'state' / 'ledger.db'}")
    (asked,) = ledger.requests("made")
    assert asked["state"] == "promoted"
    assert [check.outcome for check in ledger.checks("made")] == [Outcome.ALREADY_CHECKED, Outcome.BOOTSTRAPPED]
    assert [event.payload["attempt"] for event in ledger.events("made", kinds=("claimed",))] == [2, 1]
    ledger.close()
