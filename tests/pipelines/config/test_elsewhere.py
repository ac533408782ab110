"""The actions that a config with `training: none` does not have."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.elsewhere import Action, refuse_elsewhere
from tests.pipelines.config.test_no_training import loaded


@pytest.mark.parametrize("action", get_args(Action))
def test_actions_that_need_a_model_here_are_refused(tmp_path: Path, action: Action) -> None:
    """With the reason and what to do instead; a model that is trained here has them all."""
    with pytest.raises(ConfigError, match=f"driftloop {action}` is not possible"):
        refuse_elsewhere(loaded(tmp_path), action)
    refuse_elsewhere(loaded(tmp_path, training={"window": "21d"}, predictions={}), action)
