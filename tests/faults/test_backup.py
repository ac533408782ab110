"""What docs/server.md states of a backup: state that was put back is as it was, and the checks go on from there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations import doctor
from driftloop.pipelines.runtime import home
from tests import streams
from tests.conftest import Model
from tests.faults.test_kills import running, state
from tests.servers.postgres import Postgres
from tests.servers.process import inherited
from tests.streams import day

ROOT = Path(__file__).resolve().parents[2]


def test_a_state_folder_that_was_put_back_goes_on(tmp_path: Path, seeded: Callable[[Path], Path]) -> None:
    """The champion of the copy serves again, nothing is wrong, and what came after the copy is checked again."""
    streams.write(
        tmp_path,
        streams.stream(56, concept_shift_at=21),
        model="trips",
        training__params={"n_estimators": 10},
        training__window="14d",
        training__holdout="4d",
        drift__report_columns=1,
    )
    folder = seeded(tmp_path / "state")

    def driftloop(*words: str) -> Any:
        command = [sys.executable, "-m", "driftloop.pipelines.cli", *words, "--json"]
        own = {"DRIFTLOOP_HOME": str(folder), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env={**inherited(), **own}, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def check(at: int) -> tuple[str, str]:
        result = driftloop("check", "model.yaml", "--now", day(at).isoformat())
        return result["outcome"], result["champion_after"]

    assert check(21) == ("bootstrapped", "1")
    subprocess.run(["tar", "--create", "--gzip", "--file", "kept.tar.gz", "state"], cwd=tmp_path, check=True)
    assert check(42) == ("promoted", "2")
    shutil.rmtree(folder)
    subprocess.run(["tar", "--extract", "--gzip", "--file", "kept.tar.gz"], cwd=tmp_path, check=True)
    found = driftloop("doctor")
    assert [one for one in found["found"] if one["state"] != "ok"] == []
    assert check(42) == ("promoted", "2")
    assert check(42) == ("already_checked", "2")


@pytest.mark.parametrize("stopped", [True, False], ids=["workers stopped", "workers at work"])
def test_servers_that_were_put_back_go_on(
    shifted: Callable[..., Model], postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stopped: bool
) -> None:
    """Dumps of ledger and MLflow and a copy of the artifacts; a promotion between them is reported."""
    ledger, mlflow = postgres.place(), postgres.place()
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", postgres.url(ledger))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres.url(mlflow).replace("://", "+psycopg://", 1))
    made = shifted(training__params={"n_estimators": 10})
    artifacts = home.home() / "mlartifacts" / made.name
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    dumped = {ledger: postgres.dump(ledger)}
    if not stopped:
        assert made.check(day(42)).outcome is Outcome.PROMOTED
    dumped[mlflow] = postgres.dump(mlflow)
    shutil.copytree(artifacts, tmp_path / "artifacts")
    assert made.check(day(42 if stopped else 49)).outcome is (Outcome.PROMOTED if stopped else Outcome.STEADY)
    shutil.rmtree(artifacts)

    shutil.copytree(tmp_path / "artifacts", artifacts)
    for place, dump in dumped.items():
        postgres.restore(place, dump)
    assert [one for one in doctor.examine(day(49)) if one.state == "wrong"] == []
    again = made.check(day(42))
    assert running(made) == []
    if stopped:
        assert again.outcome is Outcome.PROMOTED, again.reason
        assert state(made)[2:] == (["2", "1"], 2)
    else:
        # The ledger is of before the promotion: the version is taken as one that was set manually, and serves.
        assert again.outcome is Outcome.STEADY, again.reason
        assert made.champion() == "2"
    registry.scorer(registry.champion(made.name), load(made.file).training)
    with closing(Ledger(home.ledger_url())) as kept:
        assert kept.checks(made.name, most=1)[0].outcome is again.outcome
