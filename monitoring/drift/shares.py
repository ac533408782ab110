"""Exact tests of single shares: missing values, levels that are new, the most changed level. Decides nothing.

Rows of a kind on both sides are two Poisson counts. Given their sum, the current one is binomial if nothing moved
(Przyborowski and Wilenski 1940), whatever the share is: the test is exact for few rows and for none. Its tail is an
incomplete beta function, which gives the least count that is significant without a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from scipy import special, stats

from driftloop.monitoring.drift.cells import Counts, Floats, missing, shares
from driftloop.monitoring.drift.variation import Blocks, Variation
from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile

# A change of exactly the effect floor is found except with the probability of so many standard errors.
SURE = 2.0
# Of so many levels or fewer the distance over all of them misses none.
FEW_LEVELS = 10
ROUNDING = 1e-12
# The share of rows from which on a column is one value with exceptions; below it its quantiles have a range.
NEARLY_ALL = 0.99
# Relative, as a number differs that was stored in 32 bits in between.
SAME = 1e-6
BY_ROWS = Variation()


@dataclass(frozen=True, eq=False)
class Moved:
    """Shares of some kinds of rows (k,) on both sides, and the data to estimate how far chance moves them.

    The score is the move of the share that is furthest over its own threshold; at `level` all k together raise a false
    alarm. `inflation` (k,) is how many times the variance of the estimated share exceeds that of plain counting.
    `by_block` are the shares in the windows of the reference (blocks, k), where they vary; `widening` as in `Blocks`.
    A change below `floor`, a share of the rows, is negligible.
    """

    name: str
    old: Floats
    old_rows: float
    new: Floats
    new_rows: float
    only_up: bool = False
    inflation: Floats | float = 1.0
    by_block: Floats | None = None
    widening: float = 1.0
    floor: float = 0.0

    def at(self, level: float) -> tuple[float, float]:
        """Score and threshold: how far the share moved, and the least move that is drift."""
        scores = self.new / self.new_rows - self.old / self.old_rows
        up, down = self._limits(level / len(scores))
        thresholds = np.where(scores >= 0, up, down)
        scores = scores if self.only_up else np.abs(scores)
        worst = int(np.argmax(scores / thresholds))
        return float(max(scores[worst], 0.0)), float(thresholds[worst])

    def _limits(self, level: float) -> tuple[Floats, Floats]:
        each = level if self.only_up else level / 2
        share = self.new_rows / (self.new_rows + self.old_rows / self.inflation)
        # what is estimated with a larger variance is known as from fewer rows
        prior = (self.old + 1) / self.inflation
        more = special.btdtria(each, prior, share)
        up = more / self.new_rows - self.old / self.old_rows
        some = np.maximum(self.old, 1.0)
        less = special.btdtrib(some, each, 1 - share) - 1
        reachable = (self.old > 0) & (less >= 0)
        # no fall to zero can be significant: the limit is one that no fall reaches
        down = np.where(reachable, self.old / self.old_rows - less / self.new_rows, 1.0 + self.old / self.old_rows)
        if self.by_block is not None:
            blocks = len(self.by_block)
            usual = self.by_block.std(axis=0, ddof=1) * np.sqrt(1 + 1 / blocks) * self.widening
            widened = usual * float(stats.t.isf(each, blocks - 1))
            expected = self.by_block.mean(axis=0) - self.old / self.old_rows if self.only_up else 0.0
            up, down = np.maximum(up, widened + expected), np.maximum(down, widened)
        # A share that did not move is no drift.
        floor = max(self._floor(), 2 * ROUNDING)
        return np.maximum(up, floor) - ROUNDING, np.maximum(down, floor) - ROUNDING

    def _floor(self) -> float:
        """The least change that counts: the floor less its own sampling error, so that a change of its size is found.

        >>> round(Moved("missing_share", np.ones(1), 100, np.ones(1), 10_000, floor=0.005)._floor(), 4)
        0.0036
        """
        return max(self.floor - SURE * float(np.sqrt(self.floor * (1 - self.floor) / max(self.new_rows, 1.0))), 0.0)


def missing_share(old: Profile, new: Profile, variation: Variation = BY_ROWS, floor: float = 0.0) -> Moved | None:
    """Rows without a value: more or fewer than before. Where most are missing, those that are not are counted.

    None where there is no such row on either side: a test that cannot find anything needs no part of the family's
    false-alarm rate (Tarone 1990). The sum of both sides is independent of the difference, so the test stays valid.
    """
    gone = [float(missing(side)) for side in (old, new)]
    if not any(gone):
        return None
    rows = [float(max(side.rows, 1)) for side in (old, new)]
    counted = [rows[at] - gone[at] for at in (0, 1)] if gone[0] > rows[0] / 2 else gone
    by_block = None if old.blocks is None else variation.of(_pair(old.blocks[:, -1], old.blocks.sum(axis=1)))
    return Moved(
        "missing_share",
        np.array([counted[0]]),
        rows[0],
        np.array([counted[1]]),
        rows[1],
        floor=floor,
        **_windows(by_block, 1),
    )


def unseen_share(
    old: CategoricalProfile, new: CategoricalProfile, variation: Variation = BY_ROWS, floor: float = 0.0
) -> Moved | None:
    """Rows at levels the reference never saw, beyond the share that it leads one to expect (Good 1953).

    That share is estimated by the levels seen once; its variance counts those seen twice as well (Esty 1983), because
    the rows of a level come together. By blocks it is the share of rows of a window at levels that no other window has.
    None where new and rare levels look alike, or nothing can be found.
    """
    if old.distinct > len(old.levels) or not (new.other or old.singletons):
        return None
    once, twice = old.singletons, int((np.rint(old.counts) == 2).sum())
    by_block = None
    if old.blocks is not None:
        levels = old.blocks[:, :-2]
        alone = (levels * np.isclose(levels, old.counts, rtol=1e-9)).sum(axis=1)
        by_block = variation.of(_pair(alone, old.blocks[:, :-1].sum(axis=1)))
    return Moved(
        "unseen_share",
        np.array([float(once)]),
        float(max(old.finite, 1)),
        np.array([float(new.other)]),
        float(new.finite),
        only_up=True,
        inflation=1.0 + 2.0 * twice / (once + 1.0),
        floor=floor,
        **_windows(by_block, 1),
    )


def level_share(
    old: CategoricalProfile, new: CategoricalProfile, variation: Variation = BY_ROWS, floor: float = 0.0
) -> Moved | None:
    """Every level of many against its share before: what one of them does is lost in a distance over all of them."""
    if len(old.levels) <= FEW_LEVELS or not new.finite:
        return None
    by_block = None if old.blocks is None else variation.of(old.blocks.astype(np.float64))
    return Moved(
        "level_share",
        old.counts.astype(np.float64),
        float(old.finite),
        new.counts.astype(np.float64),
        float(new.finite),
        floor=floor,
        **_windows(by_block, len(old.counts)),
    )


def off_value_share(
    old: NumericProfile, new: NumericProfile, variation: Variation = BY_ROWS, floor: float = 0.0
) -> Moved | None:
    """Rows off the one value that nearly all rows of the reference have.

    Such a column has no interquartile range, so that no distance can separate small moves from large ones. Values that
    differ from it by rounding are that value. None where it has a range, or where no row is off the value.
    """
    if not (old.finite and new.finite):
        return None
    at = int(old.counts.argmax())
    off = [max(float(side.finite - side.counts[at]), 0.0) for side in (old, new)]
    if not 0 < at < len(old.edges) or off[0] > (1 - NEARLY_ALL) * old.finite or not any(off):
        return None
    value = float(old.edges[at - 1])
    rounding = SAME * abs(value)
    if old.edges[at] > np.nextafter(value, np.inf) or max(abs(new.low - value), abs(new.high - value)) <= rounding:
        return None
    by_block = None
    if old.blocks is not None:
        values = old.blocks[:, :-1].sum(axis=1)
        by_block = variation.of(_pair(values - old.blocks[:, at], values))
    return Moved(
        "off_value_share",
        np.array([off[0]]),
        float(old.finite),
        np.array([off[1]]),
        float(new.finite),
        floor=floor,
        **_windows(by_block, 1),
    )


def _pair(part: Counts, whole: Counts) -> Floats:
    """Counts by block (blocks, 2) of some rows and of the others."""
    return np.column_stack([part, whole - part]).astype(np.float64)


class _Windows(TypedDict):
    by_block: Floats | None
    widening: float


def _windows(by_block: Blocks | None, cells: int) -> _Windows:
    """The shares of the first `cells` cells in the windows of the reference, as fields of `Moved`."""
    if by_block is None:
        return {"by_block": None, "widening": 1.0}
    return {"by_block": shares(by_block.counts)[:, :cells], "widening": by_block.widening}
