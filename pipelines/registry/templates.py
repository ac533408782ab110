"""The model that `training.estimator: as_adopted` copies: the newest adopted version in the registry."""

from __future__ import annotations

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry.version import Version
from driftloop.pipelines.training import as_adopted
from driftloop.pipelines.training.recipe import AS_ADOPTED


def newest(model: str) -> Version | None:
    """Return the newest adopted version of a model."""
    return next((one for one in registry.versions(model) if "driftloop.adopted" in one.tags), None)


def provide(config: Project) -> None:
    """Load the adopted model of a config whose estimator copies it, unless this process has it already."""
    if config.training.estimator != AS_ADOPTED:
        return
    found = newest(config.model)
    if found is not None and as_adopted.provided(config.model) != found.model_id:
        as_adopted.provide(config.model, found.model_id, registry.scorer(found, config.training))
