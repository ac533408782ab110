"""A function named as `module:function` is found, or the error names the key, the reason and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import EstimatorError, LossUnusable
from driftloop.monitoring.settings.functions import find

KEYS: dict[str, type[EstimatorError]] = {"training.estimator": EstimatorError, "performance.loss": LossUnusable}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "users_functions.py").write_text("limit = 3\ndef price(x):\n    return x + limit\n")
    (tmp_path / "users_broken.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "users_functions"


def test_it_is_imported(module: str) -> None:
    """What is returned is the function itself."""
    assert find(f"{module}:price", "training.estimator", EstimatorError)(1) == 4


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("path", "found", "remedy"),
    [
        ("users_functions:prise", "'users_functions' has no function 'prise'", "Did you mean 'price'?"),
        ("users_functions:limit", "'users_functions' has no function 'limit'", "correct"),
        ("users_broken:price", "'users_broken' cannot be imported: RuntimeError: no licence", "PYTHONPATH"),
        ("nowhere_at_all:price", "'nowhere_at_all' cannot be imported: ModuleNotFoundError", "PYTHONPATH"),
    ],
)
@pytest.mark.usefixtures("module")
def test_one_that_cannot_be_used_is_an_error_of_its_key(key: str, path: str, found: str, remedy: str) -> None:
    """The error is of the class of the key, names the key and its value, and gives the nearest function."""
    with pytest.raises(KEYS[key]) as raised:
        find(path, key, KEYS[key])
    assert raised.value.found.startswith(f"{key} {path}: ")
    assert found in raised.value.found
    assert f"correct {key}" in raised.value.remedy
    assert remedy in raised.value.remedy
