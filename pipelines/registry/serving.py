"""Versions as plain predictors, opened by driftloop: entry point of `mlflow.pyfunc.load_model` for such models.

Models that need no driftloop have an entry point of their own; see `packing`.
"""

from __future__ import annotations

from pathlib import Path

from driftloop.monitoring.served.loader import Served
from driftloop.pipelines.registry.origins import open_folder
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.storage import is_adopted, load, load_adopted


def served(scorer: Scorer) -> Served:
    """Return a scorer as a predictor of raw rows."""
    features = scorer.features
    return Served(scorer.predict, numeric=features.numeric, levels=features.levels, classes=scorer.classes)


def _load_pyfunc(path: str) -> Served:
    """Open a version for MLflow; its files are not compared with the registry.

    A pickle is refused, except in an adopted model, which MLflow would open like this where it came from.
    """
    folder = Path(path)
    return served(load_adopted(folder, open_folder) if is_adopted(folder) else load(folder, manifest=None))
