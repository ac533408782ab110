"""Policies that read what the rest of the config does not give them are refused, members of a composition too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.drift.methods import METHODS, direction
from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project, load
from tests.streams import write

ALONE: dict[str, Any] = {"policy": "auto_quantile"}
WITHIN = {
    "policy": "all_of",
    "triggers": [{"policy": "max_age", "max_age_days": 9}, {"policy": "any_of", "triggers": [ALONE]}],
}
P_VALUES = sorted(name for name in METHODS if direction(name) == "lower" and "numeric" in METHODS[name].kinds)


@pytest.mark.parametrize("trigger", [ALONE, WITHIN], ids=["alone", "within"])
@pytest.mark.parametrize("method", P_VALUES)
def test_no_mean_is_taken_of_p_values(tmp_path: Path, trigger: dict[str, Any], method: str) -> None:
    """They fall with drift: a mean of them would fire where there is less of it."""
    file = write(tmp_path, policies__triggers=[trigger], drift={"columns": {"speed": {"method": method}}})
    with pytest.raises(ConfigError) as refused:
        load(file)
    text = str(refused.value)
    assert "policies.triggers[0]" in text
    assert f"p-values of 'speed' by {method}, which fall with drift" in text


@pytest.mark.parametrize("trigger", [{"policy": "drift_share"}, ALONE], ids=["share", "distances"])
def test_a_share_and_a_mean_of_distances_are_measured(tmp_path: Path, trigger: dict[str, Any]) -> None:
    """What drifted is counted by any method, and distances of any method rise with drift."""
    method = P_VALUES[0] if trigger["policy"] == "drift_share" else "ks"
    file = write(tmp_path, policies__triggers=[trigger], drift={"columns": {"speed": {"method": method}}})
    assert isinstance(load(file), Project)


@pytest.mark.parametrize("given", [{"gate__min_per_class": 5}, {"policies__guards": [{"policy": "enough_labels"}]}])
def test_rows_of_classes_are_counted_where_there_are_classes(tmp_path: Path, given: dict[str, Any]) -> None:
    """A regression has none to count."""
    if "policies__guards" in given:
        given["policies__guards"][0]["min_per_class"] = 5
    with pytest.raises(ConfigError, match="classes to count rows of") as refused:
        load(write(tmp_path, task="regression", **given))
    assert "min_per_class" in str(refused.value)
    assert isinstance(load(write(tmp_path, task="binary", **given)), Project)
