"""Memory that a training run needs for its rows, and the way to train that fits into it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.pipelines.training.recipe import AUTO, XGBOOST
from driftloop.pipelines.training.rows import MOST_ROWS

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project
    from driftloop.pipelines.runtime.memory import Free

MB = 1 << 20
SHARE = 0.6  # of the free memory, if training.memory_mb is not given
# Bytes per row, and per row and feature, of each way; measured by `benchmarks.memory` with 15 features, rounded up.
PER_ROW, PER_VALUE = 60, 20
QUANTIZED_PER_ROW, QUANTIZED_PER_VALUE = 70, 5
# Of these 57 to 65 are xgboost's with an absolute loss (docs/many-rows.md), 4 its weights; the rest marks rows.
ON_DISK_PER_ROW = 70
# Rows beyond memory are judged by samples: held-out rows, the reference, and rows that choose the number of trees.
MOST_SAMPLED = 1 << 20
SAMPLED_PER_VALUE = 10
# xgboost holds a gradient, a copy of it and a prediction of each row for every class of `multiclass`.
PER_CLASS = 20
# What scikit-learn adds: the rows as one matrix of floats, and its own copy. A custom function gets a copy of the rows.
MATRIX_PER_VALUE = 16


class Way(StrEnum):
    """How the rows of a training run are held: all in memory, as one byte per value, on disk, or in workers."""

    FRAME = "in memory"
    QUANTIZED = "read piece by piece, one byte per value in memory"
    ON_DISK = "read piece by piece, one byte per value on disk"
    APART = "learned from by the workers of the engine"


HERE = (Way.FRAME, Way.QUANTIZED, Way.ON_DISK)


@dataclass(frozen=True)
class Need:
    """Bytes that a number of rows takes in each way."""

    rows: int
    features: int
    copies: bool = False
    classes: int = 1

    def bytes(self, way: Way) -> int:
        """Return the bytes of one way of this process."""
        per_value = PER_VALUE + (MATRIX_PER_VALUE if self.copies else 0)
        values = self.features + 2  # with time and target
        samples = 0 if way is Way.FRAME else min(self.rows, 2 * MOST_SAMPLED + MOST_ROWS) * values * SAMPLED_PER_VALUE
        per_row = {
            Way.FRAME: PER_ROW + per_value * values,
            Way.QUANTIZED: QUANTIZED_PER_ROW + QUANTIZED_PER_VALUE * self.features,
            Way.ON_DISK: ON_DISK_PER_ROW,
        }
        return self.rows * (per_row[way] + PER_CLASS * (self.classes - 1)) + samples

    def mb(self, way: Way) -> int:
        """Return the MB of one way, rounded up."""
        return math.ceil(self.bytes(way) / MB)


def streams(config: Project) -> bool:
    """Return whether the estimator can learn from rows that are read piece by piece."""
    return config.training.estimator in {AUTO, XGBOOST} and config.training.max_rows is None


def budget_mb(config: Project, free: Free | None) -> int | None:
    """Return the MB that the rows of a training run may take; None if nothing limits them."""
    if config.training.memory_mb is not None:
        return config.training.memory_mb
    return None if free is None else int(SHARE * free.mb)


def way_for(config: Project, rows: int, free: Free | None, classes: int = 1) -> Way:
    """Return the first way of this process that fits into the budget of the rows; the last one if none does.

    `classes` is the number of classes of a `multiclass` task.
    """
    need, budget = _need(config, rows, classes), budget_mb(config, free)
    fitting = (way for way in HERE if budget is None or need.mb(way) <= budget)
    return next(fitting, Way.ON_DISK)


def refuse_oversized(config: Project, rows: int, free: Free | None, classes: int = 1) -> None:
    """Raise `TrainingImpossible` if the training rows of an estimator do not fit into the free memory.

    `rows` are those of the window; `training.max_rows` limits those in memory. An estimator that streams needs the
    least memory of all ways.
    """
    if free is None:
        return
    most = config.training.max_rows
    held = rows if most is None else min(rows, most)
    way = Way.ON_DISK if streams(config) else Way.FRAME
    need = _need(config, held, classes)
    if need.mb(way) <= free.mb:
        return
    fits = int(held * SHARE * free.bytes / need.bytes(way))
    shown = max(1000, int(float(f"{fits:.1g}")) if fits else 0)
    other = "" if streams(config) else ", use estimator: xgboost, which reads rows from disk"
    named = f"{len(config.columns.features)} features" + (f" and {classes:,} classes" if classes > 1 else "")
    raise TrainingImpossible(
        "too_many_rows",
        f"{held:,} training rows x {named} need about {need.mb(way):,} MB of memory "
        f"for {config.training.estimator}; {free.mb:,} MB are free ({free.limited_by})",
        expected=f"training rows that fit into memory, about {fits:,} here",
        remedy=f"sample them with training.max_rows: {shown}{other}, or make training.window shorter",
    )


def _need(config: Project, rows: int, classes: int) -> Need:
    boosts = config.training.estimator in {AUTO, XGBOOST}
    return Need(rows, len(config.columns.features), copies=not boosts, classes=classes if boosts else 1)
