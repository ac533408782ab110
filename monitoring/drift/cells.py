"""The cells in which two profiles are compared, and shares of rows in them. Knows no method."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile

Floats = NDArray[np.float64]
Counts = NDArray[np.int64] | NDArray[np.float64]
# As many groups of equal mass as a divergence of numbers is summed over: fewer see less, more are mostly noise.
GROUPS = 20


def with_labels_only(profile: Profile) -> Profile:
    """The profile of a target without its missing rows: their label is not there yet, which carries no information.

    So is that of a prediction that a model elsewhere has not made.
    """
    return replace(profile, nulls=0, infinite=0) if isinstance(profile, NumericProfile) else replace(profile, nulls=0)


def missing(profile: Profile) -> float:
    """Rows without a value: nulls, NaN and infinities."""
    return profile.nulls + (profile.infinite if isinstance(profile, NumericProfile) else 0)


@dataclass(frozen=True, eq=False)
class Folding:
    """The cells over which a divergence is summed: `starts` of groups of neighboring cells, fixed by the reference.

    Folded counts (groups + 2,) are: missing; the groups; levels that are new. Levels rarer than the `max_levels`
    most frequent ones are one group; numbers are some twenty groups of equal mass or, without
    `in_groups`, all cells there are.
    """

    starts: NDArray[np.intp]
    has_new: bool

    @classmethod
    def of(cls, reference: Profile, max_levels: int, *, in_groups: bool = True) -> Folding:
        """Fix the groups by the reference."""
        if isinstance(reference, CategoricalProfile):
            levels = len(reference.levels)
            few = np.arange(min(levels, max_levels) + (levels > max_levels))
            # With too many levels to be kept, a new one cannot be told from a rare one: one group for both.
            return cls(few if len(few) else np.zeros(1, np.intp), reference.distinct <= levels)
        if not in_groups:
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
