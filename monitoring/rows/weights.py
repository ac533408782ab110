"""Weights of rows: which rows count, by how much, and how many rows of equal weight they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.monitoring.settings.columns import Columns

Floats = NDArray[np.float64]


def scaled(weights: Floats | None) -> Floats | None:
    """Return weights (n,) with a mean of 1; None where all rows count the same, or there are none.

    They are finite and above 0. What is computed with them does not depend on their unit.

    >>> scaled(np.array([1.0, 3.0])).tolist(), scaled(np.array([7.0, 7.0])), scaled(None)
    ([0.5, 1.5], None, None)
    """
    by = scale(weights)
    return None if weights is None or by is None else by.of(weights)


@dataclass(frozen=True)
class Scale:
    """The largest of some weights, and the mean of the weights divided by it."""

    largest: float
    mean: float

    def of(self, weights: Floats) -> Floats:
        """Return some of these weights (n,) in a unit in which all of them have a mean of 1."""
        made: Floats = weights / self.largest / self.mean
        return made


def scale(weights: Floats | None) -> Scale | None:
    """Return by what `scaled` divides; None where all rows count the same, or there are none."""
    if weights is None or not len(weights) or weights.min() == weights.max():
        return None
    largest = float(weights.max())
    return Scale(largest, float((weights / largest).mean()))


def effective_rows(weights: Floats) -> float:
    """Return how many rows of equal weight estimate a mean as precisely: (sum of w)^2 / sum of w^2.

    It is at most their number. Kish (1965), Survey Sampling, 11.7: the variance of a weighted mean is that of as many
    unweighted rows, if the weights are independent of what is averaged. 0 without a row above 0.

    >>> effective_rows(np.array([2.0, 2.0, 2.0])), round(effective_rows(np.array([9.0, 1.0])), 4)
    (3.0, 1.2195)
    """
    largest = float(weights.max(initial=0.0))
    if largest <= 0:
        return 0.0
    if weights.min() == largest:
        return float(len(weights))
    shares = weights / largest
    return float(shares.sum() ** 2 / (shares @ shares))


def as_rows(weights: Floats | None) -> Floats | None:
    """Return weights whose sum is the effective number of rows; None where all are equal, or one cannot be used.

    Counts of rows by these weights have the shares of the weighted rows and, on average, their variance: the
    correction of tests on counts by the design effect (Rao and Scott 1981), with Kish's effect for all columns.

    >>> as_rows(np.array([9.0, 1.0])).round(3).tolist()
    [1.098, 0.122]
    """
    if weights is None or Weighing.of(weights).problem or (made := scaled(weights)) is None:
        return None
    counted: Floats = made * (effective_rows(weights) / len(weights))
    return counted


def counted(frame: pd.DataFrame, columns: Columns) -> int:
    """Return the effective number of canonical rows; without weights their number."""
    weights = weights_of(frame, columns)
    return len(frame) if weights is None else round(effective_rows(weights))


def weights_of(frame: pd.DataFrame, columns: Columns) -> Floats | None:
    """Return the weights of canonical rows (n,), as they are in the source; None without `columns.weight`."""
    if columns.weight is None:
        return None
    made: Floats = frame[columns.weight].to_numpy(dtype=np.float64)
    return made


def labelled(frame: pd.DataFrame, columns: Columns) -> NDArray[np.bool_]:
    """Return which canonical rows have a label that counts (n,); one with the weight 0 is neither fitted nor scored."""
    known: NDArray[np.bool_] = frame[columns.target].notna().to_numpy()
    weights = weights_of(frame, columns)
    return known if weights is None else known & (weights > 0)


def averaged(values: Floats, weights: Floats | None) -> float:
    """Return the weighted mean of values (n,)."""
    return float(values.mean()) if weights is None else float(weights @ values / weights.sum())


def spread(values: Floats, weights: Floats | None) -> Floats:
    """Return values (n,) whose plain mean is the weighted mean M of these: M + w (value - M) / mean of w.

    Their variance is that of the weighted mean, a ratio of two sums (linearization; Cochran 1977, Sampling Techniques,
    6.3), so that intervals and tests of a plain mean are those of the weighted one. If M is not finite, all are M.

    >>> spread(np.array([1.0, 5.0]), np.array([3.0, 1.0])).tolist()
    [0.5, 3.5]
    """
    if weights is None or not len(values):
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        mean = averaged(values, weights)
        if not np.isfinite(mean):
            return np.full(len(values), mean)
        made: Floats = mean + weights * (values - mean) / weights.mean()
    return made


def weighted_quantile(values: Floats, weights: Floats, quantile: float) -> float:
    """Return the least value that has at least the share `quantile` of the weight up to it, numpy's `inverted_cdf`."""
    return float(np.quantile(values, quantile, weights=weights, method="inverted_cdf"))


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the median of rows repeated as often as their weights: between two if half of the weight is on each side.

    >>> weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 2.0]))
    5.5
    """
    order = np.argsort(values, kind="stable")
    ordered, upto = values[order], np.cumsum(weights[order])
    half = upto[-1] / 2
    near = 1e-12 * upto[-1]  # sums of fractions reach the half only but for rounding
    low = ordered[min(int(np.searchsorted(upto, half - near)), len(ordered) - 1)]
    high = ordered[min(int(np.searchsorted(upto, half + near)), len(ordered) - 1)]
    return float(low / 2 + high / 2)


@dataclass(frozen=True)
class Weighing:
    """Counts of weights as they are in the source: all, those that cannot be used by their kind, and the extremes.

    `effective` is the effective number of the rows (`effective_rows`); 0 where a weight cannot be used.
    """

    rows: int
    missing: int
    infinite: int
    negative: int
    low: float
    high: float
    effective: float

    @classmethod
    def of(cls, weights: Floats) -> Weighing:
        """Count weights, shape (n,)."""
        missing, infinite = int(np.isnan(weights).sum()), int(np.isinf(weights).sum())
        finite = weights[np.isfinite(weights)]
        usable = len(finite) == len(weights) and not (finite < 0).any()
        return cls(
            rows=len(weights),
            missing=missing,
            infinite=infinite,
            negative=int((finite < 0).sum()),
            low=float(finite.min(initial=np.inf)),
            high=float(finite.max(initial=-np.inf)),
            effective=effective_rows(weights) if usable else 0.0,
        )

    @property
    def problem(self) -> str | None:
        """Return which weights cannot be used, with their number; None if all can, or there are none.

        >>> Weighing.of(np.array([1.0, np.nan, -2.0])).problem
        '1 of 3 weights is missing or not a number; 1 of 3 weights is negative, the least being -2'
        >>> Weighing.of(np.zeros(3)).problem, Weighing.of(np.array([0.0, 2.0])).problem
        ('all 3 weights are 0', None)
        """
        kinds = {
            "missing or not a number": self.missing,
            "infinite": self.infinite,
            f"negative, the least being {self.low:.6g}": self.negative,
        }
        wrong = [
            f"{count:,} of {self.rows:,} weights {'is' if count == 1 else 'are'} {kind}"
            for kind, count in kinds.items()
            if count
        ]
        if wrong:
            return "; ".join(wrong)
        return f"all {self.rows:,} weights are 0" if self.rows and self.high == 0 else None
