"""Aliases move by comparison, files are proven by their hash, and nothing is opened before."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors import ForeignVersion, NoChampion, NothingToRollBack, Tampered
from monitoring.records import Outcome
from pipelines import registry
from pipelines.registry import CHAMPION, MANIFEST, PREVIOUS, Version
from tests.conftest import Model
from tests.pipelines.conftest import ROOT
from tests.streams import day

Make = Callable[..., Model]
FILES = ["model.ubj", "scorer.json", "reference.parquet", "reference.json", MANIFEST]


def registered(name: str, files: dict[str, bytes] | None = None) -> Version:
    """A version of the smallest kind: whatever files, no model."""

    def fill(folder: Path) -> None:
        for file, content in (files or {"scorer.json": b"{}"}).items():
            (folder / file).write_bytes(content)

    run = registry.client().create_run(registry.experiment(name))
    made = registry.register(name, run_id=run.info.run_id, fill=fill, describe=lambda *_: None, tags={}, params={})
    registry.client().set_terminated(run.info.run_id)
    return made


@pytest.fixture
def three(request: pytest.FixtureRequest, _home: Path) -> tuple[Version, Version, Version]:
    name = f"three-{abs(hash(request.node.name)) % 10**8}"
    first, second, third = (registered(name) for _ in range(3))
    return first, second, third


@contextmanager
def changed(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


def numbers(model: str) -> tuple[str | None, str | None]:
    """Champion and previous."""
    found = (registry.aliased(model, alias) for alias in (CHAMPION, PREVIOUS))
    return tuple(version.number if version else None for version in found)  # type: ignore[return-value]


def test_promotion_compares_before_it_moves(three: tuple[Version, Version, Version]) -> None:
    """A version takes over only from the champion that it was compared with; else nothing moves at all."""
    first, second, third = three
    name = first.model
    assert not registry.promote(first, instead_of="9")
    assert numbers(name) == (None, None)
    assert registry.promote(first, instead_of=None)
    assert numbers(name) == ("1", None)
    assert not registry.promote(second, instead_of=None)
    assert registry.promote(second, instead_of="1")
    assert not registry.promote(third, instead_of="1"), "a trainer with an older view"
    assert numbers(name) == ("2", "1")


def test_champion_moves_last(three: tuple[Version, Version, Version], monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between the two aliases leaves the old champion serving, and the promotion can be done again."""
    first, second, _ = three
    registry.promote(first, instead_of=None)
    kept = registry.client().set_registered_model_alias

    def crash(name: str, alias: str, number: str) -> None:
        if alias == CHAMPION:
            raise KeyboardInterrupt
        kept(name, alias, number)

    monkeypatch.setattr(registry.client(), "set_registered_model_alias", crash)
    with pytest.raises(KeyboardInterrupt):
        registry.promote(second, instead_of="1")
    monkeypatch.undo()
    assert numbers(first.model) == ("1", "1")
    with pytest.raises(NothingToRollBack):
        registry.rollback(first.model)
    assert registry.promote(second, instead_of="1")
    assert numbers(first.model) == ("2", "1")


def test_rollback_swaps_and_can_be_taken_back(three: tuple[Version, Version, Version]) -> None:
    """Champion and previous change places, twice is where it was; without a previous one there is nothing to do."""
    first, second, _ = three
    with pytest.raises(NoChampion):
        registry.rollback(first.model)
    registry.promote(first, instead_of=None)
    with pytest.raises(NothingToRollBack):
        registry.rollback(first.model)
    registry.promote(second, instead_of="1")
    left, serves = registry.rollback(first.model)
    assert (left.number, serves.number, numbers(first.model)) == ("2", "1", ("1", "2"))
    registry.rollback(first.model)
    assert numbers(first.model) == ("2", "1")


def test_rollback_refuses_a_broken_version(three: tuple[Version, Version, Version]) -> None:
    """A previous version of which any file is not the registered one never comes back."""
    first, second, _ = three
    registry.promote(first, instead_of=None)
    registry.promote(second, instead_of="1")
    with changed(registry.folder(first) / "scorer.json", b"{ }"), pytest.raises(Tampered, match=r"scorer\.json"):
        registry.rollback(first.model)
    assert numbers(first.model) == ("2", "1")


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
                registry._verify(champion)
            with pytest.raises(Tampered):
                registry.scorer(champion), registry.reference(champion), registry.reference_rows(champion)
    registry._verify(champion)


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
        assert registry.scorer(champion, allow_pickle=True)
        with changed(folder / "model.ubj", bomb), pytest.raises(Tampered):
            registry.scorer(champion, allow_pickle=True)
        head = json.loads((folder / "scorer.json").read_text()) | {"format": "pickle"}
        with changed(folder / "scorer.json", json.dumps(head).encode()):
            with pytest.raises(Tampered):
                registry.scorer(champion, allow_pickle=True)
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


def test_a_champion_alias_that_was_deleted_is_no_champion(trained: Make) -> None:
    """Without its alias a model is trained anew, as another version, and never called champion when it is not."""
    made = trained(training__seed=1)
    registry.client().delete_registered_model_alias(made.name, CHAMPION)
    with pytest.raises(NoChampion, match="alias"):
        registry.champion(made.name)
    with pytest.raises(NoChampion):
        made.check(day(35), dry_run=True)
    again = made.check(day(35))
    assert again.outcome is Outcome.BOOTSTRAPPED
    assert again.champion_after == made.champion() == "2"


@pytest.mark.usefixtures("_home")
def test_a_deleted_experiment_comes_back() -> None:
    """An experiment that someone deleted in MLflow's page does not stop the next check."""
    kept = registry.experiment("deleted")
    registry.client().delete_experiment(kept)
    assert registry.experiment("deleted") == kept
    assert registry.client().create_run(kept).info.status == "RUNNING"


def test_first_contact_by_several_processes_loses_none(tmp_path: Path) -> None:
    """On a database that does not exist yet four processes at once log a run and register a version each."""
    code = (
        "import sys; from pipelines import home; home.prepare()\n"
        "from tests.pipelines.test_registry import registered\n"
        "print(registered('fresh').number)"
    )
    env = {"DRIFTLOOP_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in started]
    assert [code for *_, code in ended] == [0] * 4, ended
    assert sorted(said.strip() for said, *_ in ended) == ["1", "2", "3", "4"]
