"""A folder of MLflow that a version keeps: opened from checked bytes alone, and cleaned up."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from driftloop.pipelines.training.foreign import FOLDER, Origin, open_copy


class Opened:
    """What a loader returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = (folder / "MLmodel").read_text()


def test_only_what_was_read_is_opened_and_it_goes_with_the_model(tmp_path: Path) -> None:
    """The loader sees a copy of the checked bytes, not the folder, which may change in between."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "MLmodel").write_text("as registered")
    (tmp_path / "theirs" / "__pycache__").mkdir()
    (tmp_path / "theirs" / "__pycache__" / "x.pyc").write_text("cache")
    files = Origin(tmp_path / "theirs", "kind", runs_code=False).files()
    assert files == {f"{FOLDER}/MLmodel": b"as registered"}
    (tmp_path / "theirs" / "MLmodel").write_text("changed")
    model = open_copy(files, files.__getitem__, Opened)
    assert model.text == "as registered"
    place = model.folder
    assert place.is_dir()
    del model
    gc.collect()
    assert not place.exists()


def test_a_loader_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The error is the loader's."""
    calls: list[Path] = []

    def fails(folder: Path) -> None:
        calls.append(folder)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        open_copy([f"{FOLDER}/a"], lambda _: b"", fails)
    assert not calls[0].exists()
