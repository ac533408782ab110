"""Wasserstein distance of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import NUMERIC, ProfileMethod

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.drift.calibration import Chance
    from driftloop.monitoring.drift.cells import Floats
    from driftloop.monitoring.profiles import NumericProfile, Profile

# A value that is missing is this many interquartile ranges from any other.
MISSING_AWAY = 3.0
# A null distribution is drawn over this many atoms at most; the outermost cells on each side are atoms of their own.
ATOMS, OUTER = 64, 8


def wasserstein(old: NumericProfile, new: NumericProfile) -> float:
    """First Wasserstein distance of the fenced values, in interquartile ranges of the reference.

    It is the area between the two cumulative shares. Over one cell its signed part is exact from counts and sums,
    whatever is within: by parts, the integral of F is what F reaches times the cell's end, less the cell's sum. Only
    where the curves cross inside a cell is a little lost.
    """
    import numpy as np

    from driftloop.monitoring.drift.cells import missing

    lost = [missing(side) / max(side.rows, 1) for side in (old, new)]
    if not (old.finite and new.finite and len(old.edges)):
        return float(_with_missing(np.zeros(()), *lost))
    centre = old.edges[len(old.edges) // 2]
    bounds = np.concatenate(([min(old.fence_low, old.edges[0])], old.edges, [max(old.fence_high, old.edges[-1])]))
    gap = old.counts / old.finite - new.counts / new.finite
    means = (old.sums - old.counts * centre) / old.finite - (new.sums - new.counts * centre) / new.finite
    before = np.concatenate(([0.0], np.cumsum(gap)[:-1]))
    areas = before * np.diff(bounds) + gap * (bounds[1:] - centre) - means
    return float(_with_missing(np.abs(areas).sum() / old.spread, *lost))


def by_chance(chance: Chance, reference: NumericProfile, rows: float, rough: bool) -> Floats:
    """Draws of the distance between atoms at the means of neighboring cells; the outermost cells are atoms alone."""
    import numpy as np

    from driftloop.monitoring.drift.calibration import probabilities
    from driftloop.monitoring.drift.cells import Folding, shares

    expected = probabilities(reference, Folding.of(reference, 0, in_groups=False))
    lost, kept = expected[0], expected[1:-1] / max(1.0 - expected[0], 1e-12)
    starts = _neighbours(len(kept))
    cells = np.add.reduceat(kept, starts)
    counts = np.add.reduceat(reference.counts, starts)
    middles = _middles(reference)
    atoms = np.add.reduceat(reference.sums, starts) / np.maximum(counts, 1)
    atoms = np.maximum.accumulate(np.where(counts > 0, atoms, middles[starts]))
    values = max(round((1 - lost) * reference.rows), 1), max(round((1 - lost) * rows), 1)
    by_block = chance.by_block(reference, None, starts)

    def gaps() -> Floats:
        old, new = chance.sides(cells, cells, *values, by_block, rough)
        return np.abs(np.cumsum(shares(old) - shares(new), axis=-1))[:, :-1]

    drawn = chance.kept(("gaps", cells.tobytes(), *values, rough), gaps) if by_block is None else gaps()
    moved = drawn @ (np.diff(atoms) / reference.spread)
    generator = np.random.default_rng([*chance.seed, 2])
    sides = [max(round(side), 1) for side in (reference.rows, rows)]
    gone = [generator.binomial(side, lost, len(moved)) / side for side in sides]
    return _with_missing(moved, *gone)


def _with_missing(moved: Floats, lost_old: Floats | float, lost_new: Floats | float) -> Floats:
    """Put missing values into a distance of the values that are there.

    The rows that have a value on both sides move by `moved`; those that lost or gained it, by `MISSING_AWAY`.
    """
    import numpy as np

    kept = 1.0 - np.maximum(lost_old, lost_new)
    return np.asarray(kept * moved + MISSING_AWAY * np.abs(np.subtract(lost_old, lost_new)))


def _neighbours(cells: int) -> NDArray[np.intp]:
    """Starts of at most `ATOMS` groups of neighboring cells, with the outer ones for themselves."""
    import numpy as np

    if cells <= ATOMS:
        return np.arange(cells)
    inner = np.linspace(OUTER, cells - OUTER, ATOMS - 2 * OUTER + 1).round().astype(np.intp)[:-1]
    return np.concatenate([np.arange(OUTER), inner, np.arange(cells - OUTER, cells)])


def _middles(reference: NumericProfile) -> Floats:
    import numpy as np

    if not len(reference.edges):
        return np.zeros(len(reference.counts))
    edges = reference.edges
    return np.concatenate(([edges[0]], (edges[:-1] + edges[1:]) / 2, [edges[-1]]))


@dataclass(frozen=True, kw_only=True)
class Wasserstein(ProfileMethod):
    """The area between two cumulative shares: it needs the sums of the cells, not their counts alone."""

    def score(self, old: Profile, new: Profile, max_levels: int) -> float:
        """Score two profiles of numbers."""
        from driftloop.monitoring.profiles import NumericProfile

        assert isinstance(old, NumericProfile)
        assert isinstance(new, NumericProfile)
        return wasserstein(old, new)

    def draws(self, chance: Chance, reference: Profile, rows: float, max_levels: int, rough: bool) -> Floats:
        """Score drawn counts at the atoms."""
        from driftloop.monitoring.profiles import NumericProfile

        assert isinstance(reference, NumericProfile)
        return by_chance(chance, reference, rows, rough)


METHOD = Wasserstein(
    name="wasserstein",
    kinds=NUMERIC,
    meaning="how far the values moved, in interquartile ranges of the reference",
    floor=0.02,
    quadratic=False,
    bound=None,
    in_groups=False,
)
