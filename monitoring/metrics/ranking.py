"""Sums of ranked scores, which the areas under curves share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.monitoring.metrics.base import cell_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats, Pairs

# Bins of scores, each with about as many rows: what an interval is computed from. The value itself uses every score.
BINS = 200


def ranked_sums(pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
    """Return the rows of blocks by class and bin of the score, shape (blocks, 2 bins): other rows first, then hits."""
    scores, hits, rest = pairs.ranked
    upto = np.searchsorted(running := np.cumsum(hits + rest), np.linspace(min(1.0, running[0]), running[-1], BINS + 1))
    edges = scores[np.unique(upto)]
    edges[0] = scores[0]
    bins = np.searchsorted(edges, pairs.score, side="right") - 1
    width = len(edges)
    return cell_sums((pairs.target == 1) * width + bins, starts, 2 * width, pairs.weights)


def one_class(pairs: Pairs) -> str | None:
    """Return the reason if all rows have one class, or none of them the second."""
    hits = int(np.count_nonzero(pairs.target == 1))
    if 0 < hits < len(pairs):
        return None
    here = pairs.classes[1] if hits else f"other than {pairs.classes[1]!r}"
    return f"all {len(pairs):,} labels are {repr(here) if hits else here}"
