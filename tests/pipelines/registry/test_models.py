"""Aliases move by comparison, files are proven by their hash, and nothing is opened before."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import FileMissing, ForeignVersion, HomeMoved, Tampered
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.registry import CHAMPION, MANIFEST, Stored, Version
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import ROOT
from tests.streams import day, stream, write

Make = Callable[..., Model]
LOOSE = Training(window=timedelta(days=1), allow_pickle=True)
FILES = ["model.ubj", "scorer.json", "reference.parquet", "reference.json", MANIFEST]


def registered(name: str, files: dict[str, bytes] | None = None) -> Version:
    """A version of the smallest kind: whatever files, no model."""

    def fill(folder: Path) -> None:
        for file, content in (files or {"scorer.json": b"{}"}).items():
            (folder / file).write_bytes(content)

    run = registry.client().create_run(registry.experiment(name))
    stored = registry.store(name, run_id=run.info.run_id, fill=fill, describe=lambda *_: None, params={})
    made = registry.register(name, stored, run_id=run.info.run_id, tags={})
    registry.client().set_terminated(run.info.run_id)
    return made


@contextmanager
def changed(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize("file", FILES)
def test_one_changed_byte_is_found_before_the_file_is_read(trained: Make, file: str) -> None:
    """Whatever file of a version differs from what was registered, the answer is Tampered, not a parser's error."""
    champion = registry.champion(trained().name)
    place = registry.folder(champion) / file
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    for wrong in (bytes(content), b"", b"\x00garbage"):
        with changed(place, wrong):
            with pytest.raises(Tampered, match=file):
                registry.verify(champion)
            with pytest.raises(Tampered):
                registry.scorer(champion), registry.reference(champion), registry.reference_rows(champion)
    registry.verify(champion)


def test_a_check_on_a_tampered_champion_fails_in_words(trained: Make) -> None:
    """It tells the file and the remedy, and the champion and its files stay as they are."""
    made = trained()
    champion = registry.champion(made.name)
    with (
        changed(registry.folder(champion) / "model.ubj", b"no model"),
        pytest.raises(Tampered, match=r"(?s)model\.ubj.*rollback"),
    ):
        made.check(day(34))
    assert made.champion() == champion.number
    assert made.check(day(34)).outcome is Outcome.STEADY


def test_a_file_that_is_gone_is_no_changed_one(trained: Make) -> None:
    """It is named with the folder in which it was, and nobody speaks of its sha256."""
    champion = registry.champion(trained().name)
    place = registry.folder(champion) / "reference.json"
    kept = place.rename(place.with_suffix(".away"))
    try:
        with pytest.raises(FileMissing, match=r"reference\.json is not in /.*"):
            registry.verify(champion)
    finally:
        kept.rename(place)


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


def test_a_copied_state_folder_is_refused(process: Callable[..., Any], tmp_path: Path) -> None:
    """Beside its original a copy is of no use and does no harm: every command names both, and nothing is written."""
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


class Bomb:
    """A pickle that leaves a mark when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def test_a_planted_pickle_is_never_opened(trained: Make, tmp_path: Path) -> None:
    """Neither beside the model nor in its place, nor with a head that asks for it, is a pickle loaded."""
    import mlflow

    champion = registry.champion(trained().name)
    folder, mark = registry.folder(champion), tmp_path / "opened"
    bomb = pickle.dumps(Bomb(mark))
    (folder / "model.pkl").write_bytes(bomb)
    try:
        assert registry.scorer(champion, LOOSE)
        with changed(folder / "model.ubj", bomb), pytest.raises(Tampered):
            registry.scorer(champion, LOOSE)
        head = json.loads((folder / "scorer.json").read_text()) | {"format": "pickle"}
        with changed(folder / "scorer.json", json.dumps(head).encode()):
            with pytest.raises(Tampered):
                registry.scorer(champion, LOOSE)
            with pytest.raises(Exception, match="trusted"):
                mlflow.pyfunc.load_model(f"models:/{champion.model}@champion")
    finally:
        (folder / "model.pkl").unlink()
    assert not mark.exists()
    pickle.loads(bomb)
    assert mark.exists(), "the bomb works"


@pytest.mark.usefixtures("_home")
def test_a_champion_that_is_not_ours_is_told() -> None:
    """An alias set by hand on a version of another tool is said so, not called tampered."""
    name = "foreign"
    registry.client().create_registered_model(name)
    made = registry.client().create_model_version(name, source="/nowhere")
    registry.client().set_registered_model_alias(name, CHAMPION, made.version)
    with pytest.raises(ForeignVersion, match="not registered by driftloop"):
        registry.reference(registry.champion(name))


@pytest.mark.usefixtures("_home")
def test_of_two_versions_of_one_request_the_first_one_stays() -> None:
    """MLflow asks again where an answer was lost on its way, and then has made two: there is one version a request."""
    made = registered("twins")
    stored = Stored(made.model_id, made.tags["driftloop.manifest_sha256"])
    for request in ("asked", "asked", "another"):
        registry.register("twins", stored, run_id=str(made.run_id), tags={"driftloop.request_id": request})
    for _ in range(2):
        found = registry.of_request("twins", "asked")
        assert found is not None
        assert found.number == "2"
    assert [one.number for one in registry.versions("twins")] == ["4", "2", "1"]
    assert registry.of_request("twins", "nobody's") is None


def test_a_deleted_experiment_comes_back() -> None:
    """An experiment that someone deleted in MLflow's page does not stop the next check."""
    kept = registry.experiment("deleted")
    registry.client().delete_experiment(kept)
    assert registry.experiment("deleted") == kept
    assert registry.client().create_run(kept).info.status == "RUNNING"


def test_first_contact_by_several_processes_loses_none(tmp_path: Path) -> None:
    """On a database that does not exist yet three processes at once log a run and register a version each."""
    code = (
        "import sys; from driftloop.pipelines.runtime import home; home.prepare()\n"
        "from tests.pipelines.registry.test_models import registered\n"
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
    assert sorted(said.strip() for said, *_ in ended) == ["1", "2", "3"]
