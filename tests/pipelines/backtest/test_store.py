"""What was computed is found again by its content, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.pipelines.backtest import store
from driftloop.pipelines.backtest.batches import cut
from driftloop.pipelines.backtest.drift_scores import DriftScores
from driftloop.pipelines.backtest.store import Row
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from tests import streams

Upgrade = Callable[[str, str], None]
STILL = np.zeros((2, 6))


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**{"preflight__min_rows": 20, **changes}))


def frame() -> Any:
    return streams.stream(days=100, a_day=12)


def test_a_row_comes_back_as_it_was(tmp_path: Path) -> None:
    """Numbers to the last bit, words too; one of another length, or that is not a file of ours, is not there."""
    row = Row(np.array([0.1, np.nan]), np.array([0.2, 1 / 3]), 0.3, STILL, 0.7, "one class")
    store.save(tmp_path, 7, row)
    found = store.load(tmp_path, 7, later=2)
    assert found is not None
    assert np.array_equal(found.loss, row.loss, equal_nan=True)
    assert found.error.tolist() == row.error.tolist()
    assert (found.probe, found.naive, found.impossible) == (0.3, 0.7, "one class")
    assert [one.name for one in tmp_path.iterdir()] == ["7.npz"]
    assert store.load(tmp_path, 7, later=3) is None
    assert store.load(tmp_path, 8, later=2) is None
    (tmp_path / "7.npz").write_bytes((tmp_path / "7.npz").read_bytes()[:100])
    assert store.load(tmp_path, 7, later=2) is None


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    """An array of objects, which only pickle can hold, is not loaded."""
    bad = np.array([print], dtype=object)
    np.savez(tmp_path / "1.npz", loss=bad, error=bad, probe=bad, impossible=bad)
    assert store.load(tmp_path, 1, later=1) is None


def test_no_damage_of_a_file_is_an_error(tmp_path: Path) -> None:
    """Whichever byte is changed and wherever the file is cut: the row comes back as it was, or is not there."""
    row = Row(np.array([0.25, 0.5]), np.array([0.125, 0.5]), 0.3, STILL, 0.7)
    store.save(tmp_path, 7, row)
    file = tmp_path / "7.npz"
    whole = file.read_bytes()
    step = 3
    damaged = [whole[:at] for at in range(0, len(whole), step)]
    damaged += [
        whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
        for at in range(0, len(whole), step)
        for bit in (1, 0xFF)
    ]
    for content in damaged:
        file.write_bytes(content)
        found = store.load(tmp_path, 7, later=2)
        assert found is None or found.loss.tolist() == [0.25, 0.5]


@pytest.mark.parametrize("loss", [np.array(["0.25", "0.5"]), np.array([1, 2]), np.array([True, False])])
def test_arrays_of_another_type_are_not_a_row(loss: Any, tmp_path: Path) -> None:
    """A row holds floats: what an older version stored otherwise is computed again."""
    store.save(tmp_path, 7, Row(loss, np.array([0.1, 0.2]), 0.3, STILL, 0.7))
    assert store.load(tmp_path, 7, later=2) is None


@pytest.mark.parametrize("library", ["driftloop", "xgboost", "numpy"])
@pytest.mark.usefixtures("_home")
def test_another_version_is_another_folder(library: str, upgrade: Upgrade, tmp_path: Path) -> None:
    """After an upgrade of driftloop or of what trains, models are fitted and drift is scored again."""
    batches = cut(frame(), project(), digest="a")
    before = store.folder(project(), batches)
    scored = DriftScores(project(), batches, batches.first, tmp_path).file
    upgrade(library, "999.1")
    assert store.folder(project(), batches) != before
    assert DriftScores(project(), batches, batches.first, tmp_path).file != scored


@pytest.mark.usefixtures("_home")
def test_any_change_of_rows_or_settings_is_another_folder() -> None:
    """The name of the folder follows the rows, the batches, the parameters and the loss, and not the policies."""
    batches = cut(frame(), project(), digest="a")
    same = store.folder(project(), batches)
    assert home.home() in same.parents
    assert store.folder(project(policies__triggers=[{"policy": "always"}], training__threads=2), batches) == same
    others = [
        store.folder(project(), cut(frame(), project(), digest="b")),
        store.folder(project(), cut(frame(), project(), 100, digest="a")),
        store.folder(project(training__params={"n_estimators": 9}), batches),
        store.folder(project(performance__loss="mse"), batches),
        store.folder(project(columns__numeric=["amount"]), batches),
    ]
    assert len({same, *others}) == 6


def test_a_change_of_the_users_own_code_is_another_folder(tmp_path: Path) -> None:
    """A function next to the YAML is known by its content."""
    (tmp_path / "own.py").write_text("one = 1\n")
    config = project(training__estimator="own:train").model_copy(update={"file": tmp_path / "model.yaml"})
    batches = cut(frame(), project())
    before = store.folder(config, batches)
    (tmp_path / "own.py").write_text("one = 2\n")
    assert store.folder(config, batches) != before
