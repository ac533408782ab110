"""A numeric column as counts and sums in cells between quantiles of the reference. Reads no frames and no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.profiles.errors import CellsDiffer

CELLS = 256
FENCE = 10.0
# Beyond it squares and sums overflow; it is clipped there.
LARGEST = 1e140
# A piece that fits the second-level cache is sorted fastest.
PIECE = 1 << 17

Floats = NDArray[np.float64]
Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class NumericProfile:
    """Distribution of the values of a column over `edges`, quantiles of the reference.

    `edges` (k,) rise strictly. Cell 0 is below `edges[0]`, cell i holds `edges[i-1] <= x < edges[i]`, cell k is at or
    above `edges[-1]`. `edges[0]` is the least value of the reference within the fence and `edges[-1]` the next float
    above its greatest one, so the reference fills the inner cells and only its outliers the outer two. A value that
    fills a cell's worth of the reference has a cell for itself, and so has every value of a column of up to 256.
    A reference without a finite value has no edges and one cell.

    `counts` and `sums` are (k+1,); a value beyond `fence_low` or `fence_high` enters the sums and `m2` as the fence, so
    that one outlier moves neither. `spread` is the interquartile range of the reference, or a replacement if
    that is 0; it is never 0. `low` and `high` are the true finite extremes, NaN without one. `m2` is the sum of squared
    deviations from `mean`. `nulls` counts NaN too; infinities count in `infinite` alone. Under weights all counts are
    sums of weights, and not whole.

    `blocks` (blocks, k+2), of a reference made with them, are the counts and, last, the nulls by block of time.
    """

    edges: Floats
    fence_low: float
    fence_high: float
    spread: float
    counts: Counts
    sums: Floats
    nulls: float
    infinite: float
    low: float
    high: float
    m2: float
    blocks: Counts | None = None

    @property
    def cells(self) -> Counts:
        """Counts of all cells that hold a value (k+1,)."""
        return self.counts

    @property
    def finite(self) -> float:
        """Rows with a finite value."""
        rows: float = self.counts.sum().item()
        return rows

    @property
    def rows(self) -> float:
        return self.finite + self.nulls + self.infinite

    @property
    def mean(self) -> float:
        """Mean of the values, outliers as the fence; NaN without a value."""
        return float(self.sums.sum() / self.finite) if self.finite else float("nan")

    @property
    def std(self) -> float:
        """Standard deviation of the values, outliers as the fence; NaN without a value."""
        return float(np.sqrt(self.m2 / self.finite)) if self.finite else float("nan")

    def empty(self) -> NumericProfile:
        """The same cells with nothing in them."""
        return replace(
            self,
            counts=np.zeros_like(self.counts),
            sums=np.zeros_like(self.sums),
            nulls=0,
            infinite=0,
            low=float("nan"),
            high=float("nan"),
            m2=0.0,
            blocks=None,
        )


def measure(values: Floats, weights: Floats | None = None) -> NumericProfile:
    """Find the cells in the reference's values (n,); they are empty still. Under weights quantiles are those of rows
    repeated as often as their weights.

    >>> few = measure(np.array([0.0, 1.0, 1.0, 3.0, np.nan]))
    >>> few.edges.tolist(), few.spread, few.fence_low, few.fence_high
    ([0.0, 1.0, 3.0, 3.0000000000000004], 0.75, -6.75, 9.0)
    """
    ordered, upto = _ordered(values, weights)
    asked = np.array([0.25, 0.5, 0.75, 0.001, 0.999])
    quartiles = _quantiles(_bounded(ordered), upto, asked) if len(ordered) else np.zeros(5)
    q25, middle, q75, rare_low, rare_high = (float(q) for q in quartiles)
    spread = (q75 - q25) or (rare_high - rare_low) or abs(middle) or 1.0
    fence_low, fence_high = max(q25 - FENCE * spread, -LARGEST), min(q75 + FENCE * spread, LARGEST)
    within = slice(*ordered.searchsorted([fence_low, np.nextafter(fence_high, np.inf)]).tolist())
    if upto is not None:
        upto = upto[within] - (upto[within.start - 1] if within.start else 0.0)
    edges = _edges(ordered[within], upto)
    return NumericProfile(
        edges=edges,
        fence_low=fence_low,
        fence_high=fence_high,
        spread=spread,
        counts=np.zeros(len(edges) + 1, dtype=np.int64),
        sums=np.zeros(len(edges) + 1),
        nulls=0,
        infinite=0,
        low=float("nan"),
        high=float("nan"),
        m2=0.0,
    )


def count(cells: NumericProfile, arrays: Sequence[NDArray[Any]]) -> NumericProfile:
    """Count values of any number type, in any order, in the cells of a profile; NaN is null.

    Per piece one sort and then a look-up per edge: numpy's sort is vectorised, a look-up per value is not.

    >>> current = np.array([-np.inf, -100.0, 1.5, 3.0, 4.0, np.nan])
    >>> made = count(measure(np.array([0.0, 1.0, 1.0, 3.0])), [current])
    >>> made.counts.tolist(), made.sums.tolist(), made.nulls, made.infinite
    ([1, 0, 1, 1, 1], [-6.75, 0.0, 1.5, 3.0, 4.0], 1, 1)
    """
    pieces = [_piece(cells, one[at : at + PIECE]) for one in arrays for at in range(0, len(one), PIECE)]
    return merged(pieces) if pieces else cells.empty()


def count_weighted(cells: NumericProfile, values: Floats, weights: Floats, nulls: float) -> NumericProfile:
    """Sum the weights of values (n,) in the cells of a profile; `nulls` are the weights of further rows without one.

    >>> made = count_weighted(measure(np.array([0.0, 1.0, 1.0, 3.0])), np.array([1.0, 3.0]), np.array([0.5, 2.0]), 1.0)
    >>> made.counts.tolist(), made.sums.tolist(), made.rows
    ([0.0, 0.0, 0.5, 2.0, 0.0], [0.0, 0.0, 0.5, 6.0, 0.0], 3.5)
    """
    finite = np.isfinite(values)
    infinite = np.isinf(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (np.nan, np.nan)
    kept, by = np.clip(values[finite], cells.fence_low, cells.fence_high), weights[finite]
    place, width = cells.edges.searchsorted(values[finite], side="right"), len(cells.counts)
    total = float(by.sum())
    mean = float(by @ kept) / total if total else 0.0
    return replace(
        cells,
        counts=np.bincount(place, weights=by, minlength=width),
        sums=np.bincount(place, weights=by * kept, minlength=width).astype(np.float64),
        nulls=nulls + float(weights[~finite & ~infinite].sum()),
        infinite=float(weights[infinite].sum()),
        low=low,
        high=high,
        m2=float(by @ np.square(kept - mean)),
        blocks=None,
    )


def merged(parts: list[NumericProfile]) -> NumericProfile:
    """One profile of all rows of parts in the same cells; sums and `m2` to rounding, blocks of time forgotten."""
    first = parts[0]
    for part in parts[1:]:
        if part.edges is not first.edges and not same_cells(first, part):
            raise CellsDiffer("their edges or fences are not the same")
    if len(parts) == 1:
        return first
    sizes = np.array([part.finite for part in parts], dtype=np.float64)
    means = np.array([part.mean if part.finite else 0.0 for part in parts])
    sums = np.sum([part.sums for part in parts], axis=0)
    rows = sizes.sum()
    mean = sums.sum() / rows if rows else 0.0
    # Chan, Golub and LeVeque 1979: squares within the parts and between their means
    m2 = float(sum(part.m2 for part in parts) + (sizes * (means - mean) ** 2).sum())
    return replace(
        first,
        counts=np.sum([part.counts for part in parts], axis=0),
        sums=sums,
        nulls=sum(part.nulls for part in parts),
        infinite=sum(part.infinite for part in parts),
        low=float(np.fmin.reduce([part.low for part in parts])),
        high=float(np.fmax.reduce([part.high for part in parts])),
        m2=m2,
        blocks=None,
    )


def same_cells(one: NumericProfile, other: NumericProfile) -> bool:
    """Whether the counts of two profiles mean the same."""
    fences = (one.fence_low, one.fence_high, one.spread) == (other.fence_low, other.fence_high, other.spread)
    return fences and np.array_equal(one.edges, other.edges)


def _piece(cells: NumericProfile, values: NDArray[Any]) -> NumericProfile:
    ordered = values.astype(np.float64)
    ordered.sort()
    # sorted, NaN is last and the infinities at the ends
    last = int(ordered.searchsorted(np.nan))
    start, stop = int(ordered.searchsorted(-np.inf, side="right")), int(ordered[:last].searchsorted(np.inf))
    finite = ordered[start:stop]
    low, high = (float(finite[0]), float(finite[-1])) if len(finite) else (float("nan"), float("nan"))
    at = finite.searchsorted(cells.edges)
    counts = np.diff(np.concatenate(([0], at, [len(finite)])))
    finite[: finite.searchsorted(cells.fence_low)] = cells.fence_low
    finite[finite.searchsorted(cells.fence_high, side="right") :] = cells.fence_high
    sums = _sums(finite, at, counts)
    if len(finite):
        finite -= sums.sum() / len(finite)
        finite *= finite
    return replace(
        cells,
        counts=counts,
        sums=sums,
        nulls=len(ordered) - last,
        infinite=last - len(finite),
        low=low,
        high=high,
        m2=float(finite.sum()),
        blocks=None,
    )


def _sums(ordered: Floats, at: NDArray[np.intp], counts: Counts) -> Floats:
    sums = np.zeros(len(counts))
    filled = np.flatnonzero(counts)
    if len(filled):
        sums[filled] = np.add.reduceat(ordered, np.concatenate(([0], at))[filled])
    return sums


def _ordered(values: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
    """Sorted finite values, and the running sum of their weights, in a unit in which none is less than one row."""
    finite = np.isfinite(values)
    if weights is None:
        return np.sort(values[finite]), None
    finite &= weights > 0
    kept, by = values[finite], weights[finite]
    order = np.argsort(kept, kind="stable")
    return kept[order], np.cumsum(by[order]) / min(1.0, float(by.min(initial=1.0)))


def _quantiles(ordered: Floats, upto: Floats | None, asked: Floats) -> Floats:
    """Quantiles as numpy has them, of values repeated as often as `upto` rises."""
    if upto is None:
        return np.quantile(ordered, asked)
    at = asked * (upto[-1] - 1)
    low = np.floor(at)
    below, above = _repeated(ordered, upto, low), _repeated(ordered, upto, low + 1)
    made: Floats = below + (above - below) * (at - low)
    return made


def _repeated(ordered: Floats, upto: Floats, at: Floats) -> Floats:
    """The values at these places of the repeated ones, from 0."""
    found: Floats = ordered[np.minimum(upto.searchsorted(at, side="right"), len(ordered) - 1)]
    return found


def _edges(ordered: Floats, upto: Floats | None) -> Floats:
    """Edges for sorted values within the fence: each value if they are few, else quantiles, the heavy ones apart."""
    if not len(ordered):
        return np.empty(0)
    above = np.nextafter(ordered[-1], np.inf)
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
    if len(starts) <= CELLS:
        return np.append(ordered[starts], above)
    if upto is None:
        chosen = ordered[np.round(np.linspace(0, len(ordered) - 1, CELLS + 1)).astype(np.intp)]
    else:
        chosen = _repeated(ordered, upto, np.rint(np.linspace(0, upto[-1] - 1, CELLS + 1)))
    quantiles, times = np.unique(chosen, return_counts=True)
    after = np.nextafter(quantiles[times > 1], np.inf)
    edges = np.union1d(np.append(quantiles, above), after)
    # what follows a heavy value may be the next edge already; a cell without reference rows says nothing
    empty = np.diff(ordered.searchsorted(edges)) == 0
    kept: Floats = edges[~np.append(empty & np.isin(edges[:-1], after), False)]
    return kept


def _bounded(ordered: Floats) -> Floats:
    """The values within what can be squared; a copy only where one is beyond."""
    return ordered if ordered[0] >= -LARGEST and ordered[-1] <= LARGEST else np.clip(ordered, -LARGEST, LARGEST)
