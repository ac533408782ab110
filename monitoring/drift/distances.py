"""How far two profiles of the same cells are apart, by each method of ours. Knows no rows, no thresholds, no chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
# As many groups of equal mass as a divergence of numbers is summed over: fewer see less, more are mostly noise.
GROUPS = 20
# A value that is missing lies this many interquartile ranges from any other.
MISSING_AWAY = 3.0
SMOOTHING = 0.5


def distance(method: str, old: Profile, new: Profile, max_levels: int = 50) -> float:
    """Score how far `new` is from `old`, the reference, whose cells both are counted in.

    A missing or infinite value is no value. For K-S it lies below all others; for Wasserstein three interquartile
    ranges from all of them; for the rest it is a cell of its own, as a level is that the reference does not have.

    >>> import pandas as pd
    >>> from driftloop.monitoring.profiles import first, like
    >>> plans = first(pd.DataFrame({"plan": ["a"] * 8 + ["b"] * 2}), {"plan": "categorical"})
    >>> moved = like(plans, pd.DataFrame({"plan": ["a"] * 6 + ["b"] * 4}))
    >>> round(distance("tvd", plans["plan"], moved["plan"]), 6)
    0.2
    """
    if method == "wasserstein":
        assert isinstance(old, NumericProfile)
        assert isinstance(new, NumericProfile)
        return _wasserstein(old, new)
    cells = Folding.of(old, method, max_levels)
    return float(DIVERGENCES[method](cells.fold(old), cells.fold(new)))


def with_labels_only(profile: Profile) -> Profile:
    """The profile of a target without its missing rows: their label is not there yet, which says nothing."""
    return replace(profile, nulls=0, infinite=0) if isinstance(profile, NumericProfile) else replace(profile, nulls=0)


def missing(profile: Profile) -> int:
    """Rows without a value: nulls, NaN and infinities."""
    return profile.nulls + (profile.infinite if isinstance(profile, NumericProfile) else 0)


@dataclass(frozen=True, eq=False)
class Folding:
    """Which cells of a profile a divergence is summed over: `starts` of groups of neighbours, fixed by the reference.

    Folded counts (groups + 2,) stand as: missing; the groups; levels that are new. Levels rarer than the `max_levels`
    most frequent ones are one group; numbers are some twenty of equal mass, for K-S all there are.
    """

    starts: NDArray[np.intp]
    has_new: bool

    @classmethod
    def of(cls, reference: Profile, method: str, max_levels: int) -> Folding:
        if isinstance(reference, CategoricalProfile):
            levels = len(reference.levels)
            few = np.arange(min(levels, max_levels) + (levels > max_levels))
            # With too many levels to be kept, a new one cannot be told from a rare one: one group for both.
            return cls(few if len(few) else np.zeros(1, np.intp), reference.distinct <= levels)
        if method == "ks":
            return cls(np.arange(len(reference.counts)), False)
        shares = reference.counts / max(reference.finite, 1)
        middle = np.cumsum(shares) - shares / 2
        group = np.minimum((middle * GROUPS).astype(np.intp), GROUPS - 1)
        return cls(np.flatnonzero(np.diff(group, prepend=-1)), False)

    def fold(self, profile: Profile) -> Floats:
        """Counts by group (groups + 2,)."""
        known, new = (profile.counts, profile.other) if isinstance(profile, CategoricalProfile) else (profile.counts, 0)
        if isinstance(profile, CategoricalProfile) and not self.has_new:
            known, new = np.append(known, new), 0
        known = known if len(known) else np.zeros(1, np.int64)
        return np.concatenate(([missing(profile)], np.add.reduceat(known, self.starts), [new])).astype(np.float64)


def shares(counts: Floats) -> Floats:
    """Counts (..., k) as shares of their sum; no rows at all are no share of anything."""
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1.0))


def psi(old: Floats, new: Floats) -> Floats:
    """Population stability index (Siddiqi 2006) of counts (..., k), half a row added to every cell that is there.

    The half row, Jeffreys' prior, keeps a cell that is empty on one side finite, and fades as rows come.

    >>> round(float(psi(np.array([500.0, 500.0]), np.array([600.0, 400.0]))), 3)
    0.04
    """
    there = (old > 0) | (new > 0)
    both = [np.where(there, side + SMOOTHING, 0.0) for side in (old, new)]
    p, q = (shares(side) for side in both)
    # where a cell is empty on both sides, both shares are 0 and the ratio is taken as 1
    ratio = np.where(there, q, 1.0) / np.where(there, p, 1.0)
    return np.asarray(((q - p) * np.log(ratio)).sum(axis=-1))


def jensenshannon(old: Floats, new: Floats) -> Floats:
    """Square root of the Jensen-Shannon divergence in nats (Endres and Schindelin 2003) of counts (..., k)."""
    p, q = shares(old), shares(new)
    middle = (p + q) / 2
    safe = np.where(middle > 0, middle, 1.0)
    divergence = sum((side * np.log(np.where(side > 0, side, safe) / safe)).sum(axis=-1) for side in (p, q))
    return np.asarray(np.sqrt(np.maximum(divergence / 2, 0.0)))


def hellinger(old: Floats, new: Floats) -> Floats:
    """Hellinger distance of counts (..., k): 0 for equal shares, 1 where none is shared."""
    return np.asarray(np.sqrt(((np.sqrt(shares(old)) - np.sqrt(shares(new))) ** 2).sum(axis=-1) / 2))


def chisquare(old: Floats, new: Floats) -> Floats:
    """Symmetric chi-square distance of counts (..., k): half the sum of (p - q)^2 / (p + q), 0 to 1."""
    p, q = shares(old), shares(new)
    return np.asarray(((p - q) ** 2 / np.where(p + q > 0, p + q, 1.0)).sum(axis=-1) / 2)


def tvd(old: Floats, new: Floats) -> Floats:
    """Total variation distance of counts (..., k): half the sum of |p - q|."""
    return np.asarray(np.abs(shares(old) - shares(new)).sum(axis=-1) / 2)


def ks(old: Floats, new: Floats) -> Floats:
    """Kolmogorov and Smirnov's distance of counts (..., k) in order: the largest gap of the cumulative shares."""
    return np.asarray(np.abs(np.cumsum(shares(old) - shares(new), axis=-1)).max(axis=-1))


DIVERGENCES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "psi": psi,
    "jensenshannon": jensenshannon,
    "hellinger": hellinger,
    "chisquare": chisquare,
    "tvd": tvd,
    "ks": ks,
}


def with_missing(moved: Floats, lost_old: Floats | float, lost_new: Floats | float) -> Floats:
    """Put missing values into a Wasserstein distance of the values that are there.

    The rows that have a value on both sides move by `moved`; those that lost or gained it, by `MISSING_AWAY`.
    """
    kept = 1.0 - np.maximum(lost_old, lost_new)
    return np.asarray(kept * moved + MISSING_AWAY * np.abs(np.subtract(lost_old, lost_new)))


def _wasserstein(old: NumericProfile, new: NumericProfile) -> float:
    """First Wasserstein distance of the fenced values, in interquartile ranges of the reference.

    It is the area between the two cumulative shares. Over one cell its signed part is exact from counts and sums,
    whatever lies within: by parts, the integral of F is what F reaches times the cell's end, less the cell's sum. Only
    where the curves cross inside a cell is a little lost.
    """
    lost = [missing(side) / max(side.rows, 1) for side in (old, new)]
    if not (old.finite and new.finite and len(old.edges)):
        return float(with_missing(np.zeros(()), *lost))
    centre = old.edges[len(old.edges) // 2]
    bounds = np.concatenate(([min(old.fence_low, old.edges[0])], old.edges, [max(old.fence_high, old.edges[-1])]))
    gap = old.counts / old.finite - new.counts / new.finite
    means = (old.sums - old.counts * centre) / old.finite - (new.sums - new.counts * centre) / new.finite
    before = np.concatenate(([0.0], np.cumsum(gap)[:-1]))
    areas = before * np.diff(bounds) + gap * (bounds[1:] - centre) - means
    return float(with_missing(np.abs(areas).sum() / old.spread, *lost))
