"""Engines that work on the rows of a check: this process, or the workers of a cluster. The only list of them."""

from __future__ import annotations

from driftloop.monitoring.settings.secrets import expand
from driftloop.pipelines.config.engine import Engine as Settings
from driftloop.pipelines.engines.base import Engine, Local

__all__ = ["Engine", "Local", "engine_of"]


def engine_of(settings: Settings) -> Engine:
    """Return the engine of a config; nothing is connected yet."""
    if settings.dask is not None:
        from driftloop.pipelines.engines.dask import Dask

        return Dask(expand(settings.dask, "engine.dask"), settings.dask, settings.timeout)
    from driftloop.pipelines.engines.spark import Spark

    assert settings.spark is not None
    return Spark(expand(settings.spark, "engine.spark"), settings.spark, settings.timeout)
