"""Keys of `retention`: durations above 0, years included."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from tests.streams import write


def test_years_and_defaults(tmp_path: Path) -> None:
    """The defaults of the documentation, and a year in a YAML."""
    given = load(write(tmp_path, retention={"runs": "2y"})).retention
    assert (given.reports, given.results, given.runs) == tuple(timedelta(days=days) for days in (90, 7, 730))
    assert load(write(tmp_path)).retention.runs == timedelta(days=365)


def test_nothing_is_kept_for_no_time(tmp_path: Path) -> None:
    """A span of 0 would remove what a check has just written."""
    with pytest.raises(ConfigError, match=r"retention\.reports"):
        load(write(tmp_path, retention={"reports": "0d"}))
