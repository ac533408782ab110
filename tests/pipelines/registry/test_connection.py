"""First contact with MLflow, and a state folder that was moved or copied."""

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

from driftloop.monitoring.errors import HomeMoved
from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import ROOT
from tests.streams import stream, write

Make = Callable[..., Model]


def test_a_moved_state_folder_is_reported_with_its_old_place(
    trained: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is written to the old place: MLflow has it in its database, and the files are in the folder of now."""
    made = trained()
    old = home.home()
    new = tmp_path / "moved"
    (old / "mlartifacts").rename(tmp_path / "mlartifacts")
    new.symlink_to(tmp_path)
    monkeypatch.setenv("DRIFTLOOP_HOME", str(new))
    try:
        with pytest.raises(
            HomeMoved, match=f"the state folder was moved from {old} to {tmp_path}.*(?s:.*)back to {old}"
        ):
            registry.experiment(made.name)
        with pytest.raises(HomeMoved):
            registry.verify(registry.champion(made.name))
    finally:
        (tmp_path / "mlartifacts").rename(old / "mlartifacts")
    registry.verify(registry.champion(made.name))


def test_a_moved_state_folder_is_used_where_it_is(process: Callable[..., Any], tmp_path: Path) -> None:
    """Together with its database: paths follow it, also after a death between the two databases, and back again."""
    write(tmp_path, stream())
    first = process("check", tmp_path / "model.yaml", "--now", "2026-01-22", "--json")
    assert first.returncode == 0, first.stderr
    old, new = tmp_path / "state", tmp_path / "moved here"
    old.rename(new)
    with closing(Ledger(home.sqlite_url(new / "ledger.db"))) as ledger:
        ledger.relocate(old, new)
    moved = {"DRIFTLOOP_HOME": str(new)}
    second = process("check", tmp_path / "model.yaml", "--now", "2026-02-05", "--json", **moved)
    assert second.returncode == 0, second.stderr
    assert f"the state folder was moved from {old} to {new}" in second.stderr
    assert (json.loads(second.stdout)["outcome"], json.loads(second.stdout)["champion"]) == ("steady", "1")
    assert not old.exists()

    new.rename(old)
    third = process("status", "--json")
    (line,) = json.loads(third.stdout)["models"] if "models" in third.stdout else json.loads(third.stdout)
    assert Path(line["report"]).parent == old / "reports" / "made"
    assert Path(line["report"]).is_file()
    assert line["champion"] == "1"
    assert "was moved" not in process("status").stderr


def test_a_copied_state_folder_is_refused(process: Callable[..., Any], tmp_path: Path) -> None:
    """Next to its original a copy is of no use and does no harm: every command names both, and nothing is written."""
    write(tmp_path, stream())
    first = process("check", tmp_path / "model.yaml", "--now", "2026-01-22")
    assert first.returncode == 0, first.stderr
    home_, copy = tmp_path / "state", tmp_path / "copy"
    shutil.copytree(home_, copy)
    files = sorted(home_.joinpath("mlartifacts").rglob("*"))
    for command in (["check", tmp_path / "model.yaml", "--now", "2026-02-05"], ["status"]):
        refused = process(*command, DRIFTLOOP_HOME=str(copy))
        assert refused.returncode != 0
        assert f"the state folder {copy} is a copy of {home_}" in refused.stderr
        assert f"set DRIFTLOOP_HOME={home_}" in refused.stderr
    assert sorted(home_.joinpath("mlartifacts").rglob("*")) == files
    home_.rename(tmp_path / "original")
    home_.symlink_to(copy)
    served = process("check", tmp_path / "model.yaml", "--now", "2026-02-05", DRIFTLOOP_HOME=str(copy))
    assert served.returncode == 0, served.stderr
    assert sorted((tmp_path / "original" / "mlartifacts").rglob("*")) == [
        tmp_path / "original" / file.relative_to(home_) for file in files
    ]


def test_a_deleted_experiment_comes_back() -> None:
    """An experiment that someone deleted in MLflow's page does not stop the next check."""
    kept = registry.experiment("deleted")
    registry.client().delete_experiment(kept)
    assert registry.experiment("deleted") == kept
    assert registry.client().create_run(kept).info.status == "RUNNING"


def test_first_contact_by_several_processes_loses_none(tmp_path: Path) -> None:
    """On a database that does not exist yet three processes at the same time log a run and register a version each."""
    code = (
        "import sys; from driftloop.pipelines.runtime import home; home.prepare()\n"
        "from tests.registered import registered\n"
        "print(registered('fresh').number)"
    )
    env = {"DRIFTLOOP_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in started]
    assert [code for *_, code in ended] == [0] * 3, ended
    assert sorted(message.strip() for message, *_ in ended) == ["1", "2", "3"]
