"""A column of categories as counts of the reference's levels. Reads no frames and no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.profiles.errors import CellsDiffer

LEVELS_KEPT = 1000

Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class CategoricalProfile:
    """How often each of the reference's levels occurs.

    `levels` are the reference's most frequent first, at most `LEVELS_KEPT`, and `counts` (k,) theirs. `other` counts
    the rows of any other level: in the reference the rarer ones, in current rows the rarer ones or new ones, which are
    not separated. `distinct` and `singletons` are facts of the reference and stay when other rows are counted in its
    cells: its number of levels, and how many of them occur once (Good-Turing: `singletons / rows` estimates the share
    of rows whose level the reference never saw).

    `blocks` (blocks, k+2), of a reference that was made with them, are counts, other and nulls by block of time. Under
    weights all counts are sums of weights, and not whole; `singletons` is the weight of the levels that occur once.
    """

    levels: tuple[str, ...]
    distinct: int
    singletons: float
    counts: Counts
    other: float
    nulls: float
    blocks: Counts | None = None

    @property
    def cells(self) -> Counts:
        """Counts of all cells that hold a value (k+1,): the levels, then `other`."""
        return np.append(self.counts, self.other)

    @property
    def unseen(self) -> float:
        """Rows at a level the reference did not have; 0 where it had too many levels to keep them all."""
        return self.other if self.distinct <= len(self.levels) else 0

    @property
    def finite(self) -> float:
        """Rows with a value."""
        rows: float = self.counts.sum().item()
        return rows + self.other

    @property
    def rows(self) -> float:
        return self.finite + self.nulls

    def empty(self) -> CategoricalProfile:
        """The same cells with nothing in them."""
        return replace(self, counts=np.zeros_like(self.counts), other=0, nulls=0, blocks=None)


def measure(times: Mapping[str, float], singletons: float | None = None) -> CategoricalProfile:
    """Find the cells from how often each level of the reference occurs; they are empty still.

    Under weights `times` are sums of weights, and `singletons` is the sum over levels that occur once.

    >>> measure({"a": 1, "b": 2, "c": 2}).levels
    ('b', 'c', 'a')
    """
    ordered = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    kept = tuple(level for level, _ in ordered[:LEVELS_KEPT])
    return CategoricalProfile(
        levels=kept,
        distinct=len(ordered),
        singletons=sum(many == 1 for many in times.values()) if singletons is None else singletons,
        counts=np.zeros(len(kept), dtype=np.int64),
        other=0,
        nulls=0,
    )


def count(cells: CategoricalProfile, at: NDArray[np.integer], times: Counts, nulls: float) -> CategoricalProfile:
    """Put rows into the cells of a profile: `at` is the index of the level, k for any other, and `times` its count.

    >>> made = count(measure({"a": 2, "b": 1}), np.array([2, 0, 2]), np.array([5, 7, 1]), nulls=3)
    >>> made.counts.tolist(), made.other, made.unseen, made.nulls
    ([7, 0], 6, 6, 3)
    """
    # whole numbers stay exact in float64 up to 2**53 rows
    cell: Counts = np.bincount(at, weights=times, minlength=len(cells.levels) + 1)
    if times.dtype.kind != "f":
        cell = cell.astype(np.int64)
    return replace(cells, counts=cell[:-1], other=cell[-1].item(), nulls=nulls, blocks=None)


def merged(parts: list[CategoricalProfile]) -> CategoricalProfile:
    """One profile of all rows of parts in the same cells; blocks of time are forgotten."""
    first = parts[0]
    for part in parts[1:]:
        if part.levels is not first.levels and not same_cells(first, part):
            raise CellsDiffer("their levels are not the same")
    if len(parts) == 1:
        return first
    return replace(
        first,
        counts=np.sum([part.counts for part in parts], axis=0),
        other=sum(part.other for part in parts),
        nulls=sum(part.nulls for part in parts),
        blocks=None,
    )


def same_cells(one: CategoricalProfile, other: CategoricalProfile) -> bool:
    """Whether the counts of two profiles mean the same."""
    return (one.levels, one.distinct, one.singletons) == (other.levels, other.distinct, other.singletons)
