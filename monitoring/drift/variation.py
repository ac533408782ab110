"""Variation between windows as part of chance: counts by block of time of a reference. Decides no column.

A seasonal column differs from window to window by more than the sampling of rows explains. A new window is then the
reference plus a random combination of the deviations of its own windows, widened where neighboring windows resemble
each other: such a column moves further away than it moved within the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from driftloop.monitoring.drift.cells import Floats, Folding, shares
from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile, Profiles

FEWEST_BLOCKS = 4
# Below this p-value the windows of a reference vary by more than the sampling of their rows explains. It is generous:
# a real variation that goes unnoticed costs a false alarm, an imagined one a little power.
VARIES = 0.1
# If more than this share of the columns vary, the data is seasonal, and the other columns are not trusted to be steady.
SEASONAL = 0.25


@dataclass(frozen=True)
class Variation:
    """Whether windows count as chance, and how far ahead the current one is.

    `tested`: only for the columns whose windows vary significantly. `lead` is the distance from the end of the
    reference to the end of the current window, in windows; 0 or less for a window among them.
    """

    blocks: bool = False
    tested: bool = False
    lead: float = 1.0

    def of(self, by_block: Floats, *, ordered: bool = False) -> Blocks | None:
        """Return the usable blocks among counts (blocks, k); None where the sampling of rows alone is chance.

        `ordered` are cells with an order, such as the cells of a number.
        """
        kept = usable(by_block) if self.blocks else None
        if kept is None or (self.tested and not varies(kept, ordered=ordered)):
            return None
        return Blocks(kept, widening(shares(kept), self.lead, ordered=ordered))


@dataclass(frozen=True, eq=False)
class Blocks:
    """Counts by block of time (blocks, k), and the factor by which a deviation of a new block exceeds theirs."""

    counts: Floats
    widening: float = 1.0


def usable(by_block: Floats) -> Floats | None:
    """Return the blocks with at least a quarter of the usual rows; None if they are too few to show a variation."""
    sizes = by_block.sum(axis=1)
    kept = by_block[sizes >= max(np.median(sizes) / 4, 1)]
    return kept if len(kept) >= FEWEST_BLOCKS else None


def counts_by_block(reference: Profile, cells: Folding | None, starts: NDArray[np.intp] | None = None) -> Floats | None:
    """Return counts by block of time (blocks, k) in folded cells or at atoms; None if they are not stored."""
    if reference.blocks is None:
        return None
    counts = reference.blocks.astype(np.float64)
    values, nulls = counts[:, :-1], counts[:, -1]
    if cells is None:
        assert starts is not None
        return np.asarray(np.add.reduceat(values, starts, axis=1))
    if isinstance(reference, CategoricalProfile) and cells.has_new:
        values = values[:, :-1]
    if values.shape[1] == 0:
        values = np.zeros((len(counts), 1))
    return np.column_stack([nulls, np.add.reduceat(values, cells.starts, axis=1), np.zeros(len(counts))])


def varying(profiles: Sequence[Profile], max_levels: int) -> int:
    """Return the number of columns whose windows vary by more than the sampling of rows explains."""
    found = 0
    for profile in profiles:
        counts = counts_by_block(profile, Folding.of(profile, max_levels))
        kept = None if counts is None else usable(counts)
        found += kept is not None and varies(kept, ordered=isinstance(profile, NumericProfile))
    return found


def windows_of(profiles: Profiles) -> int:
    """Return the number of usable windows that a reference spans; 0 if they are too few, or not stored."""
    blocks = next((profile.blocks for profile in profiles.values() if profile.blocks is not None), None)
    kept = None if blocks is None else usable(blocks.astype(np.float64))
    return 0 if kept is None else len(kept)


def widening(values: Floats, lead: float, *, ordered: bool) -> float:
    """Return how far a window `lead` windows ahead deviates from the mean of `values` (blocks, k), by their own spread.

    The local level model: windows are a random walk plus noise (Muth 1960; Harvey 1989, chapter 2). The mean square of
    the differences of neighbors estimates the noise and half a step of the walk, the variance of T windows the noise
    and (T + 1) / 6 steps; from both follows the variance of the new window. It is 1 without a walk,
    and never below. A window that is not after the others (`lead` of 0 or less) is one more of them: 1, too.

    >>> flat, rising = np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> widening(flat, 1, ordered=False), round(widening(rising, 1, ordered=False), 2)
    (1.0, 1.77)
    """
    values = np.cumsum(values, axis=1) if ordered else values
    many = len(values)
    spread = float(values.var(axis=0, ddof=1).sum())
    if many < FEWEST_BLOCKS or spread <= 0 or lead <= 0:
        return 1.0
    between = float((np.diff(values, axis=0) ** 2).sum()) / (2 * (many - 1))
    step = max(spread - between, 0.0) * 6 / (many - 2)
    noise = max(spread - step * (many + 1) / 6, 0.0)
    # a walk is not followed further ahead than it was observed
    ahead = min(max(lead, 1.0), many) + (many - 1) * (2 * many - 1) / (6 * many)
    usual = spread * (1 + 1 / many)
    return float(np.sqrt(max((noise * (1 + 1 / many) + step * ahead) / usual, 1.0)))


def varies(by_block: Floats, *, ordered: bool) -> bool:
    """Return whether counts by block (blocks, k) vary by more than the sampling of rows explains.

    Pearson's test of homogeneity, and for ordered cells also the test of Kruskal and Wallis (1952) on the mean rank of
    each block, which finds a variation of the whole level that is lost among many cells.
    """
    total = by_block.sum(axis=0)
    counts, total = by_block[:, total > 0], total[total > 0]
    if len(total) < 2:
        return False
    sizes, mean = counts.sum(axis=1), total / total.sum()
    expected = sizes[:, None] * mean
    free = (len(sizes) - 1) * (len(total) - 1)
    found = float(special.chdtrc(free, ((counts - expected) ** 2 / expected).sum()))
    if ordered and len(total) > 2:
        rank = np.cumsum(mean) - mean / 2
        moved = counts @ rank / sizes - rank @ mean
        variance = float((rank - rank @ mean) ** 2 @ mean)
        found = 2 * min(found, float(special.chdtrc(len(sizes) - 1, (moved**2 * sizes).sum() / variance)))
    return found < VARIES
