"""Drift on each slice: what moved between the rows of the reference and the current ones, on samples of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import ColumnReference, SliceDrift, SliceReference, changed
from driftloop.monitoring.records.slices import LEAST_ROWS
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.conditions import named, read_by
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import Part, Slicing

if TYPE_CHECKING:
    from driftloop.monitoring.settings.columns import Columns

Counts = NDArray[np.float64]
CELLS = 10  # cells of a column: between deciles of the reference, or its most frequent levels
LEAST_COUNT = 5.0  # expected rows of a cell; rarer cells are combined
LEAST_SHIFT = 0.1  # a shift of fewer rows of a slice is negligible, even if it is significant


def measure(
    slices: Sequence[Slice],
    columns: Columns,
    judged: Sequence[ColumnReference],
    reference: pd.DataFrame,
    current: pd.DataFrame,
    before: Sequence[SliceReference] = (),
    *,
    known_chance: bool = True,
) -> tuple[SliceDrift, ...]:
    """Return the column that moved most on each slice with at least 50 rows in both samples; `decide` judges them.

    `reference` and `current` are samples of canonical rows with the prediction; features and prediction are compared.
    A slice whose columns one of the samples does not have is not compared. Without `known_chance` there is no
    p value: rows then are not independent.
    """
    there = {str(name).casefold() for name in reference.columns.intersection(current.columns)}
    kept = [each for each in named(slices) if all(name.casefold() in there for name in read_by(each))]
    names = [column for column in judged if column.role != "target" and column.name in current]
    if not kept or not names or reference.empty or current.empty:
        return ()
    old, new = (_parts(kept, rows, columns, before) for rows in (reference, current))
    coded = {column.name: _cells(reference[column.name], current[column.name], column.kind) for column in names}
    found = []
    for key, part in new.items():
        then = old.get(key)
        if then is None or min(len(then.places), len(part.places)) < LEAST_ROWS:
            continue
        sides = {name: (_counts(a, then), _counts(b, part)) for name, (a, b) in coded.items()}
        found.append(_of_slice(part, len(then.places), sides, known_chance))
    return tuple(found)


def decide(drifts: Sequence[SliceDrift], level: float) -> tuple[SliceDrift, ...]:
    """Return the drifts with `drifted` where chance explains the shift with a probability of at most `level`."""
    return tuple(
        changed(each, drifted=each.p_value is not None and each.p_value <= level and each.score >= LEAST_SHIFT)
        for each in drifts
    )


def compare(old: Counts, new: Counts) -> tuple[float, float]:
    """Return the total variation distance of two counts in the same cells, and its probability by chance.

    Pearson's test of homogeneity, with cells of fewer than five expected rows combined.

    >>> shift, chance = compare(np.array([50.0, 50.0]), np.array([90.0, 10.0]))
    >>> round(shift, 3), chance < 1e-8, compare(np.array([9.0, 9.0]), np.array([20.0, 20.0]))
    (0.4, True, (0.0, 1.0))
    """
    from scipy.stats import chi2

    shift = 0.5 * float(np.abs(old / old.sum() - new / new.sum()).sum())
    both = old + new
    rare = both * min(old.sum(), new.sum()) / both.sum() < LEAST_COUNT
    if rare.any():
        old, new = (np.append(side[~rare], side[rare].sum()) for side in (old, new))
        both = old + new
        if 0 < both[-1] * min(old.sum(), new.sum()) / both.sum() < LEAST_COUNT and len(both) > 1:
            at = int(np.argmin(both[:-1]))
            for side in (old, new):
                side[at] += side[-1]
            old, new = old[:-1], new[:-1]
            both = old + new
    known = both > 0
    old, new, both = old[known], new[known], both[known]
    if len(both) < 2:
        return shift, 1.0
    parts = [(side - both * side.sum() / both.sum()) ** 2 / (both * side.sum() / both.sum()) for side in (old, new)]
    return shift, float(chi2.sf(float(sum(part.sum() for part in parts)), len(both) - 1))


def _parts(
    slices: Sequence[Slice], rows: pd.DataFrame, columns: Columns, before: Sequence[SliceReference]
) -> dict[tuple[str, str], Part]:
    slicing = Slicing(slices)
    slicing.add(mark(slices, rows, columns))
    return {(part.rule, part.name): part for part in slicing.parts(None, before)}


def _cells(old: pd.Series, new: pd.Series, kind: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cell of each value of both sides, cut by the reference: the last one is of missing values."""
    if kind == "numeric":
        sides = [side.to_numpy(np.float64, na_value=np.nan) for side in (old, new)]
        known = sides[0][~np.isnan(sides[0])]
        cuts = np.unique(np.quantile(known, np.arange(1, CELLS) / CELLS)) if len(known) else np.empty(0)
        cells = [np.searchsorted(cuts, side, side="right") for side in sides]
        return tuple(np.where(np.isnan(s), CELLS + 1, c) for s, c in zip(sides, cells, strict=True))  # type: ignore[return-value]
    kept = [str(level) for level in old.value_counts().index[:CELLS]]
    places = pd.Index(kept)
    made = []
    for side in (old, new):
        texts = side.astype(object)
        at = places.get_indexer(pd.Index(texts))
        made.append(np.where(texts.isna(), CELLS + 1, np.where(at < 0, CELLS, at)))
    return made[0], made[1]


def _counts(cells: NDArray[np.intp], part: Part) -> Counts:
    return np.bincount(cells[part.places], minlength=CELLS + 2).astype(np.float64)


def _of_slice(
    part: Part, reference_rows: int, sides: dict[str, tuple[Counts, Counts]], known_chance: bool
) -> SliceDrift:
    """Return the column whose shift chance explains least among those that moved enough; its p value pays for all."""
    found = {name: compare(*both) for name, both in sides.items()}
    moved = {name: both for name, both in found.items() if both[0] >= LEAST_SHIFT} or found
    name = min(moved, key=lambda one: (moved[one][1], -moved[one][0], one))
    shift, chance = moved[name]
    return SliceDrift(
        name=part.name,
        rule=part.rule,
        column=name,
        score=shift,
        p_value=min(1.0, chance * len(found)) if known_chance else None,
        rows=len(part.places),
        reference_rows=reference_rows,
    )
