"""What was computed is found again by its content, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import home
from pipelines.backtest import store
from pipelines.backtest.batches import cut
from pipelines.backtest.store import Row
from pipelines.config import Project
from tests import streams


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**{"preflight__min_rows": 20, **changes}))


def frame() -> Any:
    return streams.stream(days=100, a_day=12)


def test_a_row_comes_back_as_it_was(tmp_path: Path) -> None:
    """Numbers to the last bit, words too; one of another length, or that is no file of ours, is not there."""
    row = Row(np.array([0.1, np.nan]), np.array([0.2, 1 / 3]), 0.3, 0.7, "one class")
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
    """A function beside the YAML is known by its content."""
    (tmp_path / "own.py").write_text("one = 1\n")
    config = project(training__estimator="own:train").model_copy(update={"file": tmp_path / "model.yaml"})
    batches = cut(frame(), project())
    before = store.folder(config, batches)
    (tmp_path / "own.py").write_text("one = 2\n")
    assert store.folder(config, batches) != before
