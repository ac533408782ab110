"""The model that `training.estimator: as_adopted` copies: the newest adopted version in the registry."""

from __future__ import annotations

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training import as_adopted


def provide(config: Project) -> None:
    """Load the adopted model of a config whose estimator copies it, unless this process has it already."""
    if config.training.estimator != as_adopted.AS_ADOPTED:
        return
    found = next((one for one in registry.versions(config.model) if "driftloop.adopted" in one.tags), None)
    if found is not None and as_adopted.provided(config.model) != found.model_id:
        as_adopted.provide(config.model, found.model_id, registry.scorer(found, config.training))
