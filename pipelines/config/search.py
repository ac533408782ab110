"""Keys of `training.search`: a random search over parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.config.parameters import Drawn


class Search(Section):
    """Random search over parameters: each trial is a concurrent task and a nested MLflow run."""

    trials: int = Field(8, ge=1, le=1000, description="number of parameter sets to try")
    space: dict[str, Annotated[Drawn, Field(min_length=1)]] = Field(
        default_factory=dict, description="name: values to draw from; two numbers are the ends of a range"
    )
    threads: int = Field(2, ge=1, le=64, description="maximum number of concurrent trials")
