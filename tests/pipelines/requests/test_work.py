"""Two questions are the same one if rows, champion and everything that the training depends on are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.config.project import load
from driftloop.pipelines.requests.work import settings_of
from tests import streams


def named(folder: Path, **changes: Any) -> str:
    return settings_of(load(streams.write(folder, training__estimator="mine:train", training__params={}, **changes)))


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"schedule": {"cron": "0 7 * * *"}}, True),
        ({"policies__triggers": [{"policy": "always"}]}, True),
        ({"training__timeout": "1d", "training__max_memory_mb": 9000}, True),
        ({"training__seed": 1}, False),
        ({"gate__margin": 0.1}, False),
        ({"columns__numeric": ["amount"]}, False),
    ],
)
def test_what_the_training_depends_on_names_the_request(tmp_path: Path, changes: dict[str, Any], same: bool) -> None:
    """Who judges and when is no part of it; what is learned, from what and by which proof is."""
    (tmp_path / "mine.py").write_text("def train(): ...\n")
    assert (named(tmp_path, **changes) == named(tmp_path)) == same


def test_a_change_of_the_own_code_is_another_request(tmp_path: Path) -> None:
    """A training function that was repaired is tried, although the YAML is the same."""
    (tmp_path / "mine.py").write_text("def train(): ...\n")
    before = named(tmp_path)
    (tmp_path / "mine.py").write_text("def train(): return 1\n")
    assert named(tmp_path) != before
