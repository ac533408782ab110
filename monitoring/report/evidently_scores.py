"""One column's score: Evidently's tests, made safe for every legal column. Knows no frames, no pages, no evidently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from driftloop.monitoring.drift.methods import EVIDENTLY, Method

Test = Callable[[pd.Series, pd.Series, Any, float], tuple[float, bool]]
Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
FAR = 1e9
PERMUTATIONS = 1000


def measure_one(
    method: Method, test: Test, reference: pd.Series, current: pd.Series, feature_type: Any, threshold: float
) -> tuple[float, bool]:
    """Score and verdict of one column without missing values, at least one value a side.

    `test` is Evidently's own function; `feature_type` is passed through to it. Equal constants are never drift, and a
    p-value needs at least two values per side.
    """
    numeric = pd.api.types.is_numeric_dtype(reference)
    old, new = standardise(reference, current) if numeric else encode(reference, current)
    if old.min() == old.max() == new.min() == new.max() or (
        method.direction == "lower" and min(len(old), len(new)) < 2
    ):
        score = method.none
    elif (plain := method.name.removeprefix(EVIDENTLY)) in OWN:
        levels = int(max(old.max(), new.max())) + 1
        score = OWN[plain](np.bincount(old, minlength=levels), np.bincount(new, minlength=levels))
    else:
        score = float(test(pd.Series(old), pd.Series(new), feature_type, threshold)[0])
    return score, score >= threshold if method.direction == "higher" else score < threshold


def standardise(reference: pd.Series, current: pd.Series) -> tuple[Numbers, Numbers]:
    """Both sides in standard deviations of the reference around its mean.

    Evidently's Wasserstein divides by at least 0.001, which hides any drift of small numbers, its energy distance by
    nothing, and its histograms fail on large numbers close together. For a constant reference the unit is its size,
    and Evidently's 0.001 then finds a change by a thousandth.

    >>> standardise(pd.Series([1.0, 3.0]), pd.Series([5.0]))[1].round(9).tolist()
    [3.0]
    """
    old, new = reference.to_numpy(np.float64), current.to_numpy(np.float64)
    size = float(np.abs(old).max()) or 1.0
    with np.errstate(over="ignore"):
        old, new = old / size, new / size
        centre, spread = float(old.mean()), float(old.std())
        if spread <= 1e-9:
            centre, spread = float(np.median(old)), 1.0
        return np.clip((old - centre) / spread, -FAR, FAR), np.clip((new - centre) / spread, -FAR, FAR)


def encode(reference: pd.Series, current: pd.Series) -> tuple[Counts, Counts]:
    """Labels as numbers in alphabetical order: sums over sets of strings would change from process to process."""
    labels = pd.Index(sorted(set(reference.unique()) | set(current.unique())), dtype=object)
    return labels.get_indexer(reference).astype(np.int64), labels.get_indexer(current).astype(np.int64)


def two_sample_chisquare(old: Counts, new: Counts) -> float:
    """Give the p-value of both sides coming from one population; Evidently's own takes the reference for exact.

    >>> round(two_sample_chisquare(np.array([30, 10]), np.array([60, 20])), 6)
    1.0
    """
    return float(stats.chi2_contingency(np.array([old, new]), correction=False).pvalue)


def permuted_total_variation(old: Counts, new: Counts) -> float:
    """Count the share of random splits of all rows whose total variation distance is at least the one found.

    The same test as Evidently's, drawn from counts instead of rows: milliseconds instead of minutes, and with a
    generator of its own. With one added to both counts, as a permutation p-value is never zero.
    """
    rows = old.sum(), new.sum()
    drawn = np.random.default_rng(0).multivariate_hypergeometric(old + new, rows[0], PERMUTATIONS, method="marginals")

    def distance(first: Counts) -> Numbers:
        return np.asarray(0.5 * np.abs(first / rows[0] - (old + new - first) / rows[1]).sum(axis=-1))

    return float((1 + (distance(drawn) >= distance(old) - 1e-12).sum()) / (1 + PERMUTATIONS))


OWN: dict[str, Callable[[Counts, Counts], float]] = {
    "chisquare": two_sample_chisquare,
    "TVD": permuted_total_variation,
}
