"""Judgement of the causes of a rise of the loss, from splits that were measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.causes.splitting import LEAST_COMMON, LEAST_ROWS, Rows, by_cells, split
from driftloop.monitoring.records import BrokenColumn, Causes, PartSplit, Segment, Split
from driftloop.monitoring.records.causes import Cause
from driftloop.monitoring.records.measures import LEAST_RISE

Bools = NDArray[np.bool_]
MOST_SHARE = 0.25  # a segment with more of the current rows is no segment
MOST_OUTSIDE = 0.25  # upper end of the rise on other rows, as a part of that in the segment
SURELY_OUTSIDE = 0.02  # the rise itself, where it is significant
LEAST_BROKEN = 0.5  # part of the rise that a broken column explains, to be the cause


def judge(
    rows: Rows,
    *,
    features: Mapping[str, NDArray[np.intp]],
    slices: Mapping[str, Bools],
    broken: Sequence[BrokenColumn] = (),
    segment: Segment | None = None,
) -> Causes:
    """Return the causes of the rise between two sides of rows.

    `features` are cells of the values of each column, `slices` the rows of each slice; shapes (n,). `broken` are the
    columns that look broken, with the rise of the loss by that.
    """
    sides = {"rows": int(rows.current.sum()), "reference_rows": int((~rows.current).sum())}
    if not rows.enough:
        fewest = min(sides.values())
        return Causes(**sides, reason=f"{fewest:,} labeled rows to compare, {LEAST_ROWS} are needed")
    if not np.isfinite(rows.losses).all():
        return Causes(**sides, reason="a row has a loss that is not finite")
    whole = split(rows)
    columns = sorted(broken, key=lambda each: -each.rise.value)
    found = [_of_feature(name, by_cells(rows, cells)) for name, cells in features.items()]
    found += [each for name, mask in slices.items() if (each := _of_slice(name, rows, mask)) is not None]
    return Causes(
        **sides,
        split=whole,
        common=rows.common,
        cause=cause_of(whole, rows.common, float(rows.losses[~rows.current].mean()), columns, segment),
        broken=tuple(columns),
        segment=segment,
        parts=tuple(found),
    )


def cause_of(
    whole: Split, common: float, reference_loss: float, broken: Sequence[BrokenColumn], segment: Segment | None
) -> Cause:
    """Return the one cause: a broken column that explains half of the rise, otherwise the larger part of the split.

    A part counts if its interval is above zero; a changed relation also has to be 5% of the reference loss. `broken`
    begin with the column that explains most.
    """
    if broken and broken[0].rise.significant and broken[0].rise.value >= LEAST_BROKEN * whole.rise.value:
        return "broken_column"
    if common < LEAST_COMMON:
        return "unclear"
    changed = whole.changed.significant and whole.changed.value >= LEAST_RISE * reference_loss
    if whole.harder.significant and (not changed or whole.harder.value > whole.changed.value):
        return "harder_rows"
    if not changed:
        return "unclear"
    return "changed_relation" if segment is None else "segment"


def localized(rows: Rows, where: str, inside: Bools) -> Segment | None:
    """Return the segment if the relation changed in it, and hardly on other rows; None otherwise.

    `inside`, shape (n,), are the rows of the segment. `rows` should have had no part in the search for it.
    """
    share = float(inside[rows.current].mean())
    own, others = rows.only(inside), rows.only(~inside)
    if not 0 < share <= MOST_SHARE or not own.enough or not others.enough:
        return None
    here, there = split(own).changed, split(others).changed
    if not here.significant or there.high > MOST_OUTSIDE * here.value:
        return None
    if there.significant and there.value > SURELY_OUTSIDE * here.value:
        return None
    return Segment(where=where, share=share, inside=here, outside=there)


def _of_feature(name: str, made: Split) -> PartSplit:
    return PartSplit(name=name, of="feature", rise=made.rise, harder=made.harder, changed=made.changed)


def _of_slice(name: str, rows: Rows, mask: Bools) -> PartSplit | None:
    own = rows.only(mask)
    if not own.enough:
        return None
    made, share = split(own), float(mask[rows.current].mean())
    return PartSplit(name=name, of="slice", share=share, rise=made.rise, harder=made.harder, changed=made.changed)
