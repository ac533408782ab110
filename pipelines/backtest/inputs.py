"""Validation of the arrays that a replay gets: what does not fit raises `NotReplayable`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import NotReplayable
from driftloop.monitoring.records import utc
from driftloop.pipelines.backtest.world import DAY

Floats = NDArray[np.float64]


def matrix(name: str, given: Any, batches: int | None = None, *, diagonal: bool = False) -> Floats:
    """The matrix as floats, of the right shape and with a number wherever one is needed."""
    array = np.asarray(given, dtype=np.float64)
    shape = (batches, batches) if batches else ("B", "B")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or (batches and len(array) != batches):
        raise NotReplayable(name, f"an array of shape {array.shape}", f"shape ({shape[0]}, {shape[1]})")
    needed = np.triu(np.ones(array.shape, dtype=bool), 1)
    if diagonal:
        needed &= ~np.triu(needed, 2)
    holes = np.argwhere(needed & ~np.isfinite(array))
    if len(holes):
        i, j = (int(place) for place in holes[0])
        where = "just above the diagonal, [j - 1, j]" if diagonal else "above the diagonal, [i, j] with j > i"
        raise NotReplayable(name, f"{array[i, j]} at [{i}, {j}], {len(holes)} such in all", f"finite numbers {where}")
    return array


def first_played(batches: int, history: float, label_delay: int) -> int:
    """The first batch that is played."""
    if label_delay < 0:
        raise NotReplayable("label_delay", f"{label_delay}", "a number of batches, 0 or more")
    if not 0 < history < 1:
        raise NotReplayable("history", f"{history}", "a share between 0 and 1")
    start = round(history * batches)
    if start - label_delay < 2 or start > batches - 2:
        raise NotReplayable(
            "loss_matrix",
            f"{batches} batches, of which {start} are history and {label_delay} wait for labels",
            "two batches of history with labels at least, and two more to play",
        )
    return start


def row_counts(rows: Sequence[int] | None, batches: int) -> list[int]:
    """Return the rows of each batch, 1,000 unless given."""
    counts = [1000] * batches if rows is None else [int(count) for count in rows]
    if len(counts) != batches or min(counts) < 1:
        raise NotReplayable("rows", f"{len(counts)} numbers from {min(counts)}", f"{batches} numbers, 1 or more")
    return counts


def moments(ends: Sequence[datetime], batches: int) -> tuple[datetime, ...]:
    """The ends of the batches in UTC: one for each, none before the one before it."""
    expected = f"{batches} moments, each no earlier than the one before"
    try:
        made = tuple(utc(end) for end in ends)
    except (AttributeError, TypeError):
        raise NotReplayable("ends", "what is no datetime", expected) from None
    if len(made) != batches:
        raise NotReplayable("ends", f"{len(made)} moments", expected)
    for place, (one, other) in enumerate(pairwise(made)):
        if other < one:
            raise NotReplayable("ends", f"{other:%Y-%m-%d %H:%M} at [{place + 1}] after {one:%Y-%m-%d %H:%M}", expected)
    return made


def usual_length(ends: Sequence[datetime]) -> timedelta:
    """The usual length of a batch."""
    return median_low(other - one for one, other in pairwise(ends)) or DAY


def nonnegative(name: str, value: float) -> None:
    """Refuse a number that is not finite or below 0."""
    if not (np.isfinite(value) and value >= 0):
        raise NotReplayable(name, f"{value}", "a finite number, 0 or more")
