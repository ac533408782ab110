"""The version of most rows serves; a config that trains does not go on with a version of a model elsewhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.sources import Serving
from driftloop.pipelines.flows.taking_over import majority, refuse_followed
from driftloop.pipelines.registry import Version
from driftloop.pipelines.registry.version import FOLLOWS
from tests.pipelines.config.test_no_training import loaded


@pytest.mark.parametrize(
    ("scored", "disputed", "version"),
    [({"7": 6, "8": 4}, 0, "7"), ({"7": 5, "8": 5}, 0, None), ({"7": 6}, 6, None), ({}, 0, None), ({"8": 1}, 0, "8")],
)
def test_more_than_half_of_the_scored_rows_count(scored: dict[str, int], disputed: int, version: str | None) -> None:
    """Rows without a prediction do not; rows that two versions scored at the same moment belong to none."""
    assert majority(Serving(100, disputed, Counter(scored))) == version


def test_a_training_does_not_replace_a_model_elsewhere(tmp_path: Path) -> None:
    """Its champion has no model that could be scored; the config of a model elsewhere goes on."""
    champion = Version("m", "2", "id", None, {FOLLOWS: "8"})
    with pytest.raises(ConfigError, match="is version '8' of a model elsewhere"):
        refuse_followed(loaded(tmp_path, training={"window": "21d"}, predictions={}), champion)
    refuse_followed(loaded(tmp_path), champion)
