"""Features that leak the target: each alone predicts it to a degree that honest data does not reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.features import Features
from driftloop.pipelines.training.tasks import TRAININGS, Training
from driftloop.pipelines.training.tasks.base import LEAST_ROWS

SAMPLE_ROWS = 20_000
FEW_VALUES = 200


def find_leaks(
    frame: pd.DataFrame, target: pd.Series, features: Features, *, task: Task, threshold: float
) -> tuple[str, ...]:
    """Return the features which alone predict the target to the degree `threshold` (at it exactly: a leak).

    The degree of a number is the larger of |Spearman| and |Pearson| (values cut off at their 0.5 and 99.5%
    quantiles) for regression; for classes the AUC, which has to hold between all neighboring classes when these are
    put in the order of their medians. The degree of a category, and of a number with few distinct values, is the
    correlation of the target with the mean of its level (regression), or the part of the errors of the naive guess
    that the majority of its level takes away (classes); means and majorities come from the other half of the rows,
    so that a column of unique names is no leak. A missing value counts as a level, and for the AUC as the lowest.

    At most 20,000 rows are looked at, always the same ones. Fewer than 30 rows, or 10 of a class, are not enough.
    """
    training = TRAININGS[task]
    usable = training.labelled(target)
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.permutation(np.flatnonzero(usable))[:SAMPLE_ROWS])
    truth, proving = training.truth(target.iloc[chosen].to_numpy())
    chosen = chosen[proving]
    if len(chosen) < LEAST_ROWS or len(np.unique(truth)) < 2:
        return ()
    rows, halves = frame.iloc[chosen], generator.permutation(len(chosen)) % 2 == 0
    return tuple(
        name
        for name in features.names
        if _degree(rows[name], truth, halves, name in features.numeric, training) >= threshold
    )


def _degree(
    column: pd.Series, truth: NDArray[Any], halves: NDArray[np.bool_], numeric: bool, training: Training
) -> float:
    """Return how well one column alone predicts the target, between 0 and 1."""
    degrees = [0.0]
    if numeric:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.where(np.isinf(values), np.nan, values)
        degrees.append(training.predicted_by_number(values, truth))
        column = pd.Series(values)
    levels, names = pd.factorize(column, use_na_sentinel=False)
    if not numeric or len(names) <= FEW_VALUES:
        degrees.append(training.predicted_by_level(levels.astype(np.intp), truth, halves))
    return max(degrees)
