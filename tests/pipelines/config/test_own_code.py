"""A module next to the YAML is found, and hides nothing of anybody else's."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from driftloop.monitoring.errors import LossUnusable
from driftloop.pipelines.config.own_code import code_digest, importable, ready, source_file
from driftloop.pipelines.config.project import Project, load
from tests import streams


def project(folder: Path, module: str, code: str | None = None) -> Project:
    file = streams.write(folder, training__estimator=f"{module}:train")
    if code is not None:
        (folder / f"{module}.py").write_text(code)
    return load(file)


def test_two_models_may_call_their_modules_the_same(tmp_path: Path) -> None:
    """Each model gets the module of its own folder, also when they take turns in one process."""
    one, other = (project(tmp_path / name, "sametrain", f"WHO = {name!r}") for name in ("one", "other"))
    calls = []
    for made in (one, other, one):
        importable(made)
        calls.append(sys.modules["sametrain"].WHO)
    assert calls == ["one", "other", "one"]


def test_a_file_next_to_the_yaml_hides_no_module(tmp_path: Path) -> None:
    """A module that is loaded already stays what it is, and the folder is last on the path."""
    importable(project(tmp_path, "json", "raise RuntimeError"))
    assert sys.modules["json"] is json
    importable(project(tmp_path, "lasttrain", ""))
    assert sys.path.index(str(tmp_path)) == len(sys.path) - 1


def test_a_module_that_raises_is_reported_by_the_fit(tmp_path: Path) -> None:
    """Making it importable raises nothing: the fit words what is wrong."""
    importable(project(tmp_path, "brokentrain", "1 / 0"))
    importable(project(tmp_path, "nowhere_at_all"))
    assert "brokentrain" not in sys.modules


def test_a_changed_function_is_another_request(tmp_path: Path) -> None:
    """The digest follows the file's content; an estimator of a library has none."""
    made = project(tmp_path, "changing", "a = 1")
    before = code_digest(made)
    (tmp_path / "changing.py").write_text("a = 2")
    assert before != code_digest(made) != ""
    assert source_file("nowhere", made) is None
    assert code_digest(load(streams.write(tmp_path))) == ""


def test_a_loss_is_imported_as_well_and_again_once_it_is_edited(tmp_path: Path) -> None:
    """The module of a custom loss next to the YAML is found, an edited one is read again, and both are the request."""
    (tmp_path / "editedloss.py").write_text("def cost(target, predicted):\n    return abs(target - predicted)\n")
    made = load(streams.write(tmp_path, performance={"loss": "editedloss:cost"}))
    ready(made)
    before, target, predicted = code_digest(made), np.array([1.0, 2.0]), np.array([0.0, 0.0])
    assert made.loss.rows(target, predicted).tolist() == [1.0, 2.0]
    (tmp_path / "editedloss.py").write_text("def cost(target, predicted):\n    return 3 * abs(target - predicted)\n")
    ready(made)
    assert made.loss.rows(target, predicted).tolist() == [3.0, 6.0]
    assert code_digest(made) != before
    with pytest.raises(LossUnusable, match="no function 'price'") as raised:
        ready(load(streams.write(tmp_path, performance={"loss": "editedloss:price"})))
    assert "module:function" in raised.value.expected
