"""What a score is by chance alone: null distributions drawn from a reference profile. Decides nothing.

The null hypothesis is that the reference and the current rows come from one population. It is unknown, so the
reference replaces it (parametric bootstrap, Efron and Tibshirani 1993): both sides are drawn from its shares, as many
rows as each has, some thousand times, and scored like the real ones. Cells that are alike draw alike and share draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from driftloop.monitoring.drift.cells import Floats, Folding, missing, shares
from driftloop.monitoring.drift.methods import profile_method
from driftloop.monitoring.drift.variation import Blocks, Variation, counts_by_block
from driftloop.monitoring.profiles import NumericProfile, Profile

# Draws of a column: so many numbers in all, and so many draws at least and at most.
NUMBERS, FEWEST, MOST = 128_000, 1_000, 4_000
# As many are enough to see that a score is nowhere near its threshold.
ROUGH = 500
# From this number of expected rows in a cell on, a corrected normal replaces the Poisson distribution.
MANY_ROWS = 8.0
# Up to so many rows multinomials are drawn exactly; beyond, the total of a draw varies by a tenth and is divided out.
FEW_ROWS = 100
# Draws beyond the point from which the tail is a fitted one.
TAIL_DRAWS = 40
JUST_ABOVE = 1e-9
# From this many cells on equal masses are taken for equal.
MANY_CELLS = 64


@dataclass(frozen=True, eq=False)
class Null:
    """Sorted draws of a score without drift, in a power in which their tail is about exponential.

    A score that grows with the square of a shift has that tail as it is; others are squared.
    """

    draws: Floats
    power: int

    @classmethod
    def of(cls, scores: Floats, method: str) -> Null:
        power = 1 if profile_method(method).quadratic else 2
        return cls(np.sort(scores) ** power, power)

    def threshold(self, level: float) -> float:
        """The least score that chance reaches with probability `level` or less.

        Within the draws it is the rank that makes a Monte Carlo test exact (Barnard 1963): the score is one more draw.
        Beyond them the tail goes on as an exponential one, whose scale is known from a few draws only and pays for that
        (the predictive distribution), or as that of a gamma distribution with the mean, variance and skewness of the
        draws, whichever is further out.

        >>> normal = Null.of(np.abs(special.ndtri((np.arange(4000) + 0.5) / 4000)), "ks")
        >>> round(normal.threshold(0.05), 2), 3.2 < normal.threshold(0.001) < 3.4
        (1.96, True)
        """
        many = len(self.draws) + 1
        beyond = max(int(level * many) - 1, TAIL_DRAWS)
        start = float(self.draws[-1 - beyond])
        reached = start
        share = (beyond + 1) / many
        if level < share:
            excess = float((self.draws[-beyond:] - start).mean())
            further = excess * beyond * ((share / level) ** (1 / beyond) - 1)
            reached += max(further, self._gamma(level) - self._gamma(share))
        return float(max(reached, 0.0) ** (1 / self.power)) * (1 + JUST_ABOVE) + JUST_ABOVE

    @cached_property
    def _moments(self) -> tuple[float, float]:
        """Standard deviation and skewness of the draws; a deviation of 0 where they are all alike."""
        centred = self.draws - self.draws.mean()
        spread = float(np.sqrt(np.dot(centred, centred) / len(centred)))
        if spread <= JUST_ABOVE * abs(float(self.draws[-1])):
            return 0.0, 0.0
        return spread, float(np.dot(centred * centred, centred)) / len(centred) / spread**3

    def _gamma(self, level: float) -> float:
        """The quantile, from the mean, of a gamma distribution with the draws' first three moments."""
        spread, skewness = self._moments
        shape = 4 / max(skewness, 0.1) ** 2
        return spread * (float(special.gammainccinv(shape, level)) - shape) / float(np.sqrt(shape))


@dataclass
class Chance:
    """Draws null distributions for one reference and one number of current rows; the same seed draws the same.

    `seed` are whole numbers. Columns that are alike share their draws and so their luck; a check that puts its row
    counts among them has other luck than the next one, and over many checks the promise holds.
    """

    seed: tuple[int, ...]
    variation: Variation = field(default_factory=Variation)
    _normals: dict[tuple[int, int], tuple[Floats, Floats]] = field(default_factory=dict)
    _known: dict[tuple[object, ...], Floats] = field(default_factory=dict)
    _factors: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def null(self, method: str, reference: Profile, rows: float, max_levels: int = 50, *, rough: bool = False) -> Null:
        """The null distribution of a method's score for `rows` current rows, those without a value among them.

        A rough one is of few draws: its thresholds have an error of about 5% and cost a fraction of the time.
        """
        chosen = profile_method(method)
        return Null.of(chosen.draws(self, reference, rows, max_levels, rough), method)

    def folded(
        self,
        method: str,
        between: Callable[[Floats, Floats], Floats],
        cells: Folding,
        reference: Profile,
        rows: float,
        rough: bool,
    ) -> Floats:
        """Draws of a divergence of folded counts. Columns with the same expected counts share them."""
        expected = probabilities(reference, cells)
        by_block = self.by_block(reference, cells)

        def scores() -> Floats:
            known = expected * (np.arange(len(expected)) < len(expected) - 1)
            old, new = self.sides(known / known.sum(), expected, reference.rows, rows, by_block, rough)
            return between(old, np.maximum(new, 0.0))

        if by_block is not None:
            return scores()
        return self.kept((method, expected.tobytes(), reference.rows, rows, rough), scores)

    def kept(self, key: tuple[object, ...], draw: Callable[[], Floats]) -> Floats:
        """What was drawn under this key before, or is drawn now."""
        if key not in self._known:
            self._known[key] = draw()
        return self._known[key]

    def sides(
        self, known: Floats, expected: Floats, rows: float, fresh: float, by_block: Blocks | None, rough: bool
    ) -> tuple[Floats, Floats]:
        """Counts of both sides (draws, k): of the reference from shares `known`, of current rows from `expected`.

        The two differ by the levels that are new: by their nature the reference has none. With `by_block` the current
        counts may be below zero and above the rows: a deviation larger than any within the reference is extrapolated.
        """
        many = ROUGH if rough else int(np.clip(NUMBERS // max(len(expected), 1), FEWEST, MOST))
        if by_block is not None:
            return self._from_blocks(known, expected, rows, fresh, by_block, many)
        return self._drawn(known, rows, 0, many), self._drawn(expected, fresh, 1, many)

    def _drawn(self, expected: Floats, rows: float, side: int, many: int) -> Floats:
        """Counts (many, k) of `rows` rows whose shares are `expected`, (k,) or (many, k)."""
        generator = np.random.default_rng([*self.seed, side])
        if rows <= FEW_ROWS and expected.ndim == 1:
            return generator.multinomial(max(round(rows), 1), expected / expected.sum(), many).astype(np.float64)
        means = expected * rows
        least = means.min(axis=0) if means.ndim == 2 else means
        normal, skewed = self._normal(side, many, len(least))
        counts = normal * np.sqrt(means)
        counts += skewed
        counts += means
        np.maximum(np.rint(counts, out=counts), 0.0, out=counts)
        few = least < MANY_ROWS
        if few.any():
            counts[:, few] = generator.poisson(means[..., few], (many, int(few.sum())))
        return counts

    def _normal(self, side: int, many: int, width: int) -> tuple[Floats, Floats]:
        """Shared standard normals (many, width), and what Cornish and Fisher add to make them as skewed as Poisson's.

        Those of a column do not depend on what other columns there are: a wider block begins like a narrower one.
        """
        kept = self._normals.get((side, many))
        if kept is None or kept[0].shape[1] < width:
            drawn = np.random.default_rng([*self.seed, side, many]).standard_normal((width, many)).T
            kept = self._normals[side, many] = drawn, (drawn**2 - 1) / 6
        return kept[0][:, :width], kept[1][:, :width]

    def by_block(
        self, reference: Profile, cells: Folding | None, starts: NDArray[np.intp] | None = None
    ) -> Blocks | None:
        """Counts by block of time (blocks, k) in folded cells or at atoms; None where rows alone are chance."""
        counts = counts_by_block(reference, cells, starts) if self.variation.blocks else None
        if counts is None:
            return None
        return self.variation.of(counts, ordered=isinstance(reference, NumericProfile))

    def _from_blocks(
        self, known: Floats, expected: Floats, rows: float, fresh: float, by_block: Blocks, many: int
    ) -> tuple[Floats, Floats]:
        """Both sides where the population itself moves from block to block.

        A new block is the reference plus a random combination of the deviations of its own blocks, so that what moves
        together goes on doing so; a t-like factor pays for their small number. Deviations hold the noise of a block's
        rows; a window with fewer rows gets the rest of its noise on top.
        """
        sizes = by_block.counts.sum(axis=1)
        mean = by_block.counts.sum(axis=0) / sizes.sum()
        deviations = by_block.widening * (shares(by_block.counts) - mean)
        moved = expected + self._combinations(many, len(sizes)) @ deviations
        old = np.broadcast_to(known * rows, moved.shape)
        typical = float(np.median(sizes))
        if fresh < typical:
            possible = shares(np.maximum(moved, 0.0))
            drawn = self._drawn(possible, max(int(1 / (1 / fresh - 1 / typical)), 1), 1, many)
            moved += shares(drawn) - possible
        return old, moved * fresh

    def _combinations(self, many: int, blocks: int) -> Floats:
        """Return random combinations (many, blocks) of the deviations of `blocks` blocks, the same for every column."""
        if (many, blocks) not in self._factors:
            generator = np.random.default_rng([*self.seed, 3])
            drawn = generator.standard_normal((many, blocks)) / np.sqrt(blocks - 1)
            heavy = np.sqrt((blocks - 1) / generator.chisquare(blocks - 1, many))[:, None]
            self._factors[many, blocks] = drawn * heavy * np.sqrt(1 + 1 / blocks)
        return self._factors[many, blocks]


def probabilities(reference: Profile, cells: Folding) -> Floats:
    """Estimate the shares of folded cells (groups + 2,) in the population that the reference came from.

    A level that the reference never saw has the share of those it saw once (Good 1953), and one more row for luck; the
    levels that it saw give it up in equal parts (absolute discounting). Half a row is missing where none is.
    """
    rows = reference.rows + 1.0
    lost = (missing(reference) + 0.5) / rows
    if isinstance(reference, NumericProfile):
        counts = _evened(reference)
        new = 0.0
    else:
        discount = reference.singletons / max(reference.distinct, 1)
        counts = np.maximum(reference.counts - discount, 0.0)
        other = max(reference.other - discount * (reference.distinct - len(reference.levels)), 0.0)
        new = (reference.singletons + 1) / max(reference.finite + 1, 1)
        if not cells.has_new:
            counts, new = np.append(counts, other + new * reference.finite), 0.0
        counts = counts if len(counts) else np.zeros(1)
    known = shares(np.add.reduceat(counts.astype(np.float64), cells.starts))
    made = np.concatenate(([lost], (1 - lost) * (1 - min(new, 1.0)) * known, [(1 - lost) * min(new, 1.0)]))
    return np.asarray(made / made.sum())


def _evened(reference: NumericProfile) -> Floats:
    """Counts by cell; cells between quantiles, equal but for a row or so, are made equal: columns then share draws."""
    inner = reference.counts[1:-1].astype(np.float64)
    if len(inner) > MANY_CELLS and np.abs(inner - inner.mean()).max() <= max(1.0, 0.02 * inner.mean()):
        return np.concatenate(([0.0], np.full(len(inner), reference.finite / len(inner)), [0.0]))
    return reference.counts.astype(np.float64)
