"""Features that give the target away: each alone tells it to a degree that honest data does not reach."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.config import Task
from driftloop.pipelines.training.features import Features

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
SAMPLE_ROWS = 20_000
LEAST_ROWS = 30
LEAST_OF_A_CLASS = 10
FEW_VALUES = 200


def find_leaks(
    frame: pd.DataFrame, target: pd.Series, features: Features, *, task: Task, threshold: float
) -> tuple[str, ...]:
    """Name the features which alone tell the target to the degree `threshold` (at it exactly: a leak).

    The degree of a number is the larger of |Spearman| and |Pearson| (values cut off at their 0.5 and 99.5 %
    quantiles) for regression; for classes the AUC, which has to hold between all neighbouring classes when these are
    put in the order of their medians. The degree of a category, and of a number with few distinct values, is the
    correlation of the target with the mean of its level (regression), or the part of the errors of the naive guess
    that the majority of its level takes away (classes); means and majorities come from the other half of the rows,
    so that a column of unique names is no leak. A missing value counts as a level, and for the AUC as the lowest.

    At most 20,000 rows are looked at, always the same ones. Fewer than 30 rows, or 10 of a class, prove nothing.
    """
    usable = target.notna().to_numpy()
    if task == "regression":
        usable = usable & np.isfinite(target.to_numpy(dtype=np.float64, na_value=np.nan))
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.permutation(np.flatnonzero(usable))[:SAMPLE_ROWS])
    told = target.iloc[chosen].to_numpy()
    if task == "regression":
        told = told.astype(np.float64)
    else:
        _, codes, counts = np.unique(told.astype(str), return_inverse=True, return_counts=True)
        often = counts[codes] >= LEAST_OF_A_CLASS
        chosen, told = chosen[often], codes[often]
    if len(chosen) < LEAST_ROWS or len(np.unique(told)) < 2:
        return ()
    rows, halves = frame.iloc[chosen], generator.permutation(len(chosen)) % 2 == 0
    return tuple(
        name
        for name in features.names
        if _degree(rows[name], told, halves, name in features.numeric, task) >= threshold
    )


def _degree(column: pd.Series, told: Floats | Codes, halves: NDArray[np.bool_], numeric: bool, task: Task) -> float:
    """How far one column alone tells the target, between 0 and 1."""
    degrees = [0.0]
    if numeric:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.where(np.isinf(values), np.nan, values)
        degrees.append(_correlation(values, told) if task == "regression" else _auc(values, told))
        column = pd.Series(values)
    levels, names = pd.factorize(column, use_na_sentinel=False)
    if not numeric or len(names) <= FEW_VALUES:
        by_level = _explained if task == "regression" else _errors_taken_away
        degrees.append(by_level(levels.astype(np.intp), told, halves))
    return max(degrees)


def _correlation(values: Floats, told: NDArray[np.generic]) -> float:
    from scipy.stats import rankdata

    both = np.isfinite(values)
    if both.sum() < LEAST_ROWS:
        return 0.0
    x, y = values[both], told[both].astype(np.float64)
    clipped = [np.clip(part, *np.quantile(part, [0.005, 0.995])) for part in (x, y)]
    return max(_pearson(*clipped), _pearson(rankdata(x), rankdata(y)))


def _pearson(x: Floats, y: Floats) -> float:
    # Numbers near the largest float would overflow in the sums.
    x, y = (part / (np.abs(part).max() or 1.0) for part in (x, y))
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return abs(float(x @ y)) / norm if norm > 0 else 0.0


def _auc(values: Floats, told: NDArray[np.generic]) -> float:
    """The least AUC between classes that are neighbours by their median (of two: the AUC), missing values lowest."""
    from scipy.stats import rankdata

    lowest = np.nanmin(values) - 1.0 if np.isfinite(values).any() else 0.0
    ranks = rankdata(np.where(np.isnan(values), lowest, values))
    groups = [ranks[told == code] for code in np.unique(told)]
    groups.sort(key=lambda group: float(np.median(group)))
    least = 1.0
    for lower, upper in pairwise(groups):
        own = rankdata(np.concatenate([lower, upper]))[len(lower) :]
        wins = own.sum() - len(upper) * (len(upper) + 1) / 2
        share = float(wins / (len(lower) * len(upper)))
        least = min(least, max(share, 1.0 - share))
    return least


def _explained(levels: Codes, told: NDArray[np.generic], halves: NDArray[np.bool_]) -> float:
    """Root of the share of variance that the levels' means explain in the other half of the rows."""
    truth = told.astype(np.float64)
    guessed = np.empty(len(truth))
    for half in (halves, ~halves):
        sums = np.bincount(levels[half], truth[half], minlength=levels.max() + 1)
        counts = np.bincount(levels[half], minlength=levels.max() + 1)
        mean = truth[half].mean()
        means = np.where(counts > 0, sums / np.maximum(counts, 1), mean)
        guessed[~half] = means[levels[~half]]
    total = float(((truth - truth.mean()) ** 2).sum())
    left = float(((truth - guessed) ** 2).sum())
    return float(np.sqrt(max(0.0, 1.0 - left / total))) if total > 0 else 0.0


def _errors_taken_away(levels: Codes, told: NDArray[np.generic], halves: NDArray[np.bool_]) -> float:
    """Of the errors of always naming the most frequent class, the part that knowing the level avoids."""
    codes = told.astype(np.intp)
    counts = np.bincount(codes)
    wrong = 0
    for half in (halves, ~halves):
        table = pd.crosstab(levels[half], codes[half])
        majority = pd.Series(table.columns[table.to_numpy().argmax(axis=1)], index=table.index)
        overall = int(np.bincount(codes[half]).argmax())
        guessed = majority.reindex(levels[~half]).fillna(overall).to_numpy()
        wrong += int((guessed != codes[~half]).sum())
    naive = int(counts.sum() - counts.max())
    return max(0.0, 1.0 - wrong / naive)
