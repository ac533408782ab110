"""Keys of `training.search`: what it draws from, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from tests.streams import write


def test_a_space_is_read_and_an_empty_one_refused(tmp_path: Path) -> None:
    """Two numbers are the ends of a range; a parameter without a value has nothing to draw."""
    search = load(write(tmp_path, training__search={"space": {"max_depth": [2, 9]}})).training.search
    assert search is not None
    assert (search.trials, search.space) == (8, {"max_depth": [2, 9]})
    with pytest.raises(ConfigError, match=r"training\.search\.space\.max_depth"):
        load(write(tmp_path, training__search={"space": {"max_depth": []}}))
