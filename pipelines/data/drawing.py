"""Rows drawn from many: evenly over time and over classes, the same ones for the same seed. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


def evenly(rows: int, most: int) -> Places:
    """Return every k-th place of `rows`, with the least k that gives at most `most`.

    >>> evenly(7, 3).tolist()
    [0, 3, 6]
    """
    return np.arange(0, rows, max(1, -(-rows // most)), dtype=np.int64)


def drawn(rows: int, most: int, seed: int, classes: NDArray[np.int64] | None = None) -> Places:
    """Return at most `most` places of `rows`, in rising order: of each stretch of the rows one at random.

    Rows in order of time are thus drawn evenly over time, and a period in them does no harm (systematic sampling with
    a random place in each stretch; Cochran 1977, Sampling Techniques, 8.3). `classes` (n,) numbers the class of each
    row from 0, -1 for none: each class keeps its share, and at least one row.

    >>> drawn(10, 5, seed=0).tolist()
    [1, 2, 4, 6, 9]
    >>> drawn(10, 5, seed=0, classes=np.array([0] * 9 + [1])).tolist()[-1]
    9
    """
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    generator = np.random.default_rng(seed)
    if classes is None:
        return _stretches(rows, most, generator)
    chosen = []
    for each in np.unique(classes):
        own = np.flatnonzero(classes == each)
        many = max(1, int(most * len(own) / rows))
        chosen.append(own[_stretches(len(own), many, generator)])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _stretches(rows: int, many: int, generator: np.random.Generator) -> Places:
    if rows <= many:
        return np.arange(rows, dtype=np.int64)
    edges = np.arange(many + 1, dtype=np.int64) * rows // many
    return edges[:-1] + (generator.random(many) * np.diff(edges)).astype(np.int64)
