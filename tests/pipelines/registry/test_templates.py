"""The model that `as_adopted` copies comes from the registry, and only where a config asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import templates
from driftloop.pipelines.training import as_adopted
from driftloop.pipelines.training.steps import learn
from tests.streams import config, stream


def test_without_an_adopted_version_the_fit_states_what_to_do() -> None:
    """Nothing is loaded for another estimator, and nothing is made up where no model was adopted."""
    made = config(model="never-adopted", training__estimator="as_adopted", training__params={})
    project = Project.model_validate({**made, "file": Path("model.yaml")})
    templates.provide(project)
    assert as_adopted.provided("never-adopted") is None
    with pytest.raises(EstimatorError, match="no model has been adopted as never-adopted"):
        learn(project, stream(10), {})
