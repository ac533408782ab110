"""The doctor finds what is wrong, repairs itself what is safe to repair, and states both."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftloop.monitoring.ledger import Ledger, Request
from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.cli import main
from driftloop.pipelines.operations import doctor
from driftloop.pipelines.registry import evidence, flow_runs
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.monitoring.ledger.test_holders import dead
from tests.streams import day

Make = Callable[..., Model]


def diagnoses(found: list[doctor.Diagnosis], what: str) -> list[tuple[str, str]]:
    return [(one.state, one.message) for one in found if one.what == what]


def test_it_ends_runs_of_dead_processes_and_no_others(trained: Make) -> None:
    """Known by the owner's tag: a run of a living process, and one without a tag, stay as they are."""
    made = trained()
    runs = {name: evidence.open_run(made.name, name, tags={}) for name in ("dead", "alive", "foreign")}
    gone = dead()
    registry.client().set_tag(runs["dead"], flow_runs.OWNER, gone)
    registry.client().delete_tag(runs["foreign"], flow_runs.OWNER)
    assert ("repaired", f"mlflow run dead was closed: its process {gone} has ended") in diagnoses(
        doctor.examine(day(30)), "runs"
    )
    states = {name: registry.client().get_run(run).info.status for name, run in runs.items()}
    assert states == {"dead": "FAILED", "alive": "RUNNING", "foreign": "RUNNING"}
    assert "ended before the run was finished" in registry.client().get_run(runs["dead"]).data.tags["driftloop.error"]
    assert ("ok", "no orphaned runs") in diagnoses(doctor.examine(day(30)), "runs")
    for run in ("alive", "foreign"):
        evidence.close_run(runs[run])


def test_it_restores_a_champion_and_finds_one_that_was_changed(trained: Make) -> None:
    """A lost alias comes back; a byte that differs is for a user."""
    made = trained(training__seed=7)
    registry.unpoint(made.name, registry.CHAMPION)
    found = diagnoses(doctor.examine(day(30)), made.name)
    assert [state for state, _ in found] == ["repaired", "ok"]
    file = registry.folder(registry.champion(made.name)) / "model.ubj"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    ((state, message),) = diagnoses(doctor.examine(day(30)), made.name)
    assert (state, "model.ubj differs from the registered file" in message) == ("wrong", True)
    file.write_bytes(content)


def test_it_misses_the_champion_that_the_ledger_knows(trained: Make) -> None:
    """A model that was deleted in MLflow is wrong, not new."""
    made = trained(training__seed=9)
    registry.client().delete_registered_model(made.name)
    ((state, message),) = diagnoses(doctor.examine(day(30)), made.name)
    assert state == "wrong"
    assert "in the ledger version 1 is champion, but MLflow has neither that version" in message
    made.check(day(35))
    assert [state for state, _ in diagnoses(doctor.examine(day(30)), made.name)] == ["ok"]


def test_it_misses_the_ledger_of_a_champion(trained: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The models in MLflow show that the ledger was lost; nothing is written into the new one."""
    made = trained(training__seed=8)
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{tmp_path}/ledger.db")
    for _ in range(2):
        ((state, message),) = diagnoses(doctor.examine(day(30)), made.name)
        assert (state, "the ledger has no entry of this model" in message) == ("wrong", True)


def test_it_mentions_requests_that_were_left(trained: Make) -> None:
    """They are carried on by the next check, which has the config; the doctor reports it and moves nothing."""
    made = trained(training__seed=8)
    window = Window(start=day(0), end=day(21))
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(
            Request(request_id="left", model=made.name, champion="1", window=window, now=day(22), reason="drift")
        )
        assert ("note", "request left was interrupted: the next check, or the sweep, resumes it") in diagnoses(
            doctor.examine(day(30)), made.name
        )
        ledger.fail("left", "given up by the test")


def test_parts_are_compared_with_bounds_and_tested_versions() -> None:
    """A version that was not tested is a note; all as tested is reported too."""
    good = doctor.known_good()
    assert good["prefect"].startswith("3.")
    (fine,) = doctor.dependencies(good)
    assert fine.state == "ok"
    (other,) = doctor.dependencies({**good, "numpy": "0.1"})
    assert (other.state, "(tested: 0.1)" in other.message) == ("note", True)


def test_the_command_prints_what_it_found(
    seeded: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One object with --json, a line each without; exit code 0 while nothing is wrong."""
    state = seeded(tmp_path / "state")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{state}/mlflow.db")
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{state}/ledger.db")
    run = CliRunner().invoke(main, ["doctor", "--json"])
    output = json.loads(run.stdout)
    assert (run.exit_code, output["ok"]) == (0, True), output
    assert {one["what"] for one in output["found"]} >= {"dependencies", "ledger", "mlflow", "prefect", "runs"}


def test_a_checkout_knows_the_versions_that_were_tested() -> None:
    """The pins of the source tree are found: without them no version that was not tested would be reported."""
    pins = (Path(__file__).parents[3] / "constraints.txt").read_text().lower().splitlines()
    known = doctor.known_good()
    assert len(known) > 10
    assert {f"{name}=={pin}" for name, pin in known.items()} <= {line.partition(";")[0].strip() for line in pins}
