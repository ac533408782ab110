"""Files of a version: proven by their hash, and not opened before."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import FileMissing, ForeignVersion, Tampered
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.registry import CHAMPION, MANIFEST
from tests.conftest import Model
from tests.registered import changed
from tests.streams import day

Make = Callable[..., Model]
LOOSE = Training(window=timedelta(days=1), allow_pickle=True)
FILES = ["model.ubj", "scorer.json", "reference.parquet", "reference.json", MANIFEST]


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


def test_a_check_on_a_tampered_champion_fails_with_a_clear_message(trained: Make) -> None:
    """It reports the file and the remedy, and the champion and its files stay as they are."""
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
    """It is named with the folder in which it was, and no one speaks of its sha256."""
    champion = registry.champion(trained().name)
    place = registry.folder(champion) / "reference.json"
    kept = place.rename(place.with_suffix(".away"))
    try:
        with pytest.raises(FileMissing, match=r"reference\.json is not in /.*"):
            registry.verify(champion)
    finally:
        kept.rename(place)


class Bomb:
    """A pickle that leaves a mark when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def test_a_planted_pickle_is_never_opened(trained: Make, tmp_path: Path) -> None:
    """Neither next to the model nor in its place, nor with a head that asks for it, is a pickle loaded."""
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
def test_a_champion_that_is_not_ours_is_reported() -> None:
    """An alias set manually on a version of another tool is reported as such, not called tampered."""
    name = "foreign"
    registry.client().create_registered_model(name)
    made = registry.client().create_model_version(name, source="/nowhere")
    registry.client().set_registered_model_alias(name, CHAMPION, made.version)
    with pytest.raises(ForeignVersion, match="not registered by driftloop"):
        registry.reference(registry.champion(name))
