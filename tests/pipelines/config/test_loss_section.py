"""A loss is named by `performance.loss`, with its parameters next to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from tests.streams import write


def test_a_section_as_the_loss_is_refused_with_the_line_to_write(tmp_path: Path) -> None:
    """The parameters are those that were given."""
    with pytest.raises(ConfigError, match=r"performance\.loss") as caught:
        load(write(tmp_path, performance={"loss": {"loss": "pinball", "quantile": 0.9}}))
    assert caught.value.remedy == "write performance: {loss: pinball, quantile: 0.9}"
    found = load(write(tmp_path, performance={"loss": "pinball", "quantile": 0.9}))
    assert found.loss.name == "pinball(0.9)"
