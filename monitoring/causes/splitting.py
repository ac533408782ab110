"""Split of a rise of the mean loss into harder rows and a changed relation, with intervals. Arrays only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses.performance import degrees, standard_error
from driftloop.monitoring.records import Amount, Split

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEAST_ROWS = 50  # rows of a side that a split needs
LEAST_COMMON = 0.02  # below this share of common rows a split has no meaning


@dataclass(frozen=True)
class Rows:
    """Losses of the held-out rows of the reference and of the current rows, each in order of time; shapes (n,).

    `current` marks the current rows. `share` is the probability of a row with these values to be a current one where
    both sides have as many rows, `expected` its mean loss over both sides; both come from models that have not learned
    from the row.
    """

    losses: Floats
    current: Bools
    share: Floats
    expected: Floats

    def only(self, chosen: Bools) -> Rows:
        """Return some of the rows, shape (n,)."""
        return Rows(self.losses[chosen], self.current[chosen], self.share[chosen], self.expected[chosen])

    @property
    def enough(self) -> bool:
        """Return whether both sides have rows enough for a split."""
        return min(int(self.current.sum()), int((~self.current).sum())) >= LEAST_ROWS

    @property
    def common(self) -> float:
        """Return the share of the rows that both sides have: 1 where they are alike, 0 where none are.

        It is the mean of 4 e (1 - e): the weight of the shared distribution.
        """
        each = 4 * self.share * (1 - self.share)
        return float((each[self.current].mean() + each[~self.current].mean()) / 2)


def split(rows: Rows) -> Split:
    """Split the rise of the mean loss of the current rows over the others.

    Cai, Namkoong and Yadlowsky (2023), Diagnosing model performance under distribution shift, arXiv 2303.02011: both
    relations are compared on a distribution of values that both sides share, and what remains of the rise is due to
    the values. As shared distribution serves the one with density proportional to e (1 - e), with `e` the probability
    of a value to be current: the overlap weights of Li, Morgan and Zaslavsky (2018). The change of the relation on it
    is estimated by partialling out, which errors of `e` and of the expected losses reach only as their product
    (Robinson 1988; Chernozhukov et al. 2018, Double/debiased machine learning). Standard errors are those of the
    influence of each row, summed by side in order of time by the slowest waves (`losses.performance.standard_error`),
    so that rows of the same day are not taken as independent.

    >>> n = 200
    >>> loss = np.r_[np.tile([1.0, 1.2], n // 2), np.tile([2.0, 2.2], n // 2)]
    >>> alike = Rows(loss, np.arange(2 * n) >= n, np.full(2 * n, 0.5), np.full(2 * n, 1.6))
    >>> found = split(alike)
    >>> round(found.rise.value, 9), round(found.changed.value, 9), round(abs(found.harder.value), 9)
    (1.0, 1.0, 0.0)
    """
    current, losses = rows.current, rows.losses
    sides = {True: int(current.sum()), False: int((~current).sum())}
    weights = np.where(current, 1 / sides[True], 1 / sides[False])
    rest = current - rows.share
    total = float((weights * rest**2).sum())
    changed = float((weights * rest * (losses - rows.expected)).sum()) / total if total else 0.0
    of_changed = weights * rest * (losses - rows.expected - changed * rest) / (total or 1.0)
    means = {side: float(losses[current == side].mean()) for side in (True, False)}
    of_rise = np.where(current, losses - means[True], means[False] - losses) * weights
    rise = means[True] - means[False]
    return Split(
        rise=_amount(rise, of_rise, current),
        harder=_amount(rise - changed, of_rise - of_changed, current),
        changed=_amount(changed, of_changed, current),
    )


def by_cells(rows: Rows, cells: NDArray[np.intp]) -> Split:
    """Split by one column alone, given by the cell of each row: shares and expected losses are the means of cells.

    A row is left out of the mean of its own cell, so that many small cells do not explain chance.
    """
    current, number = rows.current, int(cells.max(initial=0)) + 1
    weights = np.where(current, 1 / current.sum(), 1 / (~current).sum())
    whole, mine, lost = (
        np.bincount(cells, values, minlength=number) for values in (weights, weights * current, weights * rows.losses)
    )
    rest = whole[cells] - weights
    alone = rest <= 0
    rest = np.where(alone, 1.0, rest)
    share = np.where(alone, 0.5, (mine[cells] - weights * current) / rest)
    expected = np.where(alone, rows.losses, (lost[cells] - weights * rows.losses) / rest)
    return split(replace(rows, share=np.clip(share, 0.0, 1.0), expected=expected))


def mean_amount(differences: Floats) -> Amount:
    """Return the mean of paired differences of losses, in order of time, with its 95% CI."""
    return amount(float(differences.mean()), standard_error(differences), degrees(len(differences)))


def amount(value: float, error: float, freedom: int) -> Amount:
    """Return a value with its 95% CI by Student's t."""
    from scipy.stats import t

    half = float(t.ppf(0.975, max(freedom, 1))) * error if math.isfinite(error) else math.inf
    return Amount(value=value, low=value - half, high=value + half)


def _amount(value: float, influence: Floats, current: Bools) -> Amount:
    errors = [len(side) * standard_error(side) for side in (influence[current], influence[~current])]
    return amount(value, math.hypot(*errors), min(degrees(int(current.sum())), degrees(int((~current).sum()))))
