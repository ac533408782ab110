"""Held-out rows of a version with the loss of each: what a later rise of its loss is compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.rows.scored import score_columns
from driftloop.monitoring.slices.conditions import beyond_features
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry.version import Version
from driftloop.pipelines.training.causes import MOST_ROWS

FILE, LOSS = "holdout.parquet", "driftloop: loss"


def columns_of(config: Project) -> list[str]:
    """Return the columns that are kept of a held-out row, and compared: time, id and extra of slices, features, target.

    For a model elsewhere its predictions as well.
    """
    columns = config.columns
    weight = [columns.weight] if columns.weight else []
    kept = [columns.time, *beyond_features(config.slices, columns), *columns.features, columns.target, *weight]
    return list(dict.fromkeys([*kept, *score_columns(config.predictions)]))


def write(config: Project, holdout: pd.DataFrame, losses: NDArray[np.float64], folder: Path) -> None:
    """Write at most 10,000 held-out rows, in order of time, with their losses (n,), into the folder of a version."""
    kept = holdout[[name for name in columns_of(config) if name in holdout]].assign(**{LOSS: losses})
    draw(kept, MOST_ROWS, config.drift.seed).to_parquet(folder / FILE, index=False)


def read(version: Version) -> pd.DataFrame | None:
    """Return the held-out rows of a version in order of time, with the column `LOSS`; None if it has none."""
    return registry.table(version, FILE) if FILE in registry.manifest(version) else None
