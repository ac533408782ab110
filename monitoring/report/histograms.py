"""Shares of the values of a column in two sets of rows, in the same bins. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.records import ColumnReference, Record
from driftloop.monitoring.records.figures import figure
from driftloop.monitoring.report.samples import MISSING, cap, fence

BINS, VALUES, LEVELS = 20, 12, 12
# Rows outside these quantiles of both sides together are in the outer bins.
TAILS = (0.005, 0.995)


class Bin(Record):
    """One bin: its name, and the share of the rows with a value that are in it, of the earlier and the later rows."""

    name: str
    earlier: float
    later: float


def histogram(old: pd.Series, new: pd.Series, column: ColumnReference) -> tuple[Bin, ...]:
    """Return the bins of a column; empty without a value on either side.

    Numbers have a bin per value where there are at most 12, otherwise 20 of equal width; categories one per level, the
    most frequent first, and one for all others.

    >>> plan = ColumnReference(name="plan", role="feature", kind="categorical", null_share=0, distinct=2, method="psi")
    >>> [(one.name, one.earlier, one.later) for one in histogram(pd.Series(["a", "b"]), pd.Series(["a", "a"]), plan)]
    [('a', 0.5, 1.0), ('b', 0.5, 0.0)]
    """
    if column.kind == "categorical":
        return _levels(old, new, column)
    sides = [side.dropna().to_numpy(np.float64) for side in (fence(old, column), fence(new, column))]
    both = np.concatenate(sides)
    if not len(both):
        return ()
    distinct = np.unique(both)
    if len(distinct) <= VALUES:
        names, counts = [figure(value) for value in distinct], [_of_values(side, distinct) for side in sides]
        return _bins(names, *counts)
    low, high = np.quantile(both, TAILS)
    edges = np.linspace(low, high, BINS + 1)
    if not np.all(np.diff(edges) > 0):
        return ()  # numbers this large and this close to each other have no bins
    names = [f"{figure(edges[at])} to {figure(edges[at + 1])}" for at in range(BINS)]
    return _bins(names, *(np.histogram(np.clip(side, low, high), edges)[0] for side in sides))


def _of_values(side: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(values, side), minlength=len(values))


def _levels(old: pd.Series, new: pd.Series, column: ColumnReference) -> tuple[Bin, ...]:
    labels = [side[side != MISSING] for side in cap(old, new, column, LEVELS)]
    counts = [side.value_counts() for side in labels]
    names = sorted(set(counts[0].index) | set(counts[1].index), key=lambda name: (-counts[0].get(name, 0), str(name)))
    return _bins(names, *(np.array([count.get(name, 0) for name in names]) for count in counts))


def _bins(names: list[str], old: np.ndarray, new: np.ndarray) -> tuple[Bin, ...]:
    shares = [side / max(side.sum(), 1) for side in (old, new)]
    return tuple(
        Bin(name=str(name), earlier=float(earlier), later=float(later))
        for name, earlier, later in zip(names, *shares, strict=True)
    )
