"""Which span of the past looks most like now: by profiles of batches, laid side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftloop.monitoring.drift.methods.ks import ks
from driftloop.monitoring.drift.methods.tvd import tvd
from driftloop.monitoring.profiles import CategoricalProfile, Profile, Profiles, merge


def most_similar(now: Profiles, past: Sequence[Profiles], span: int) -> int | None:
    """The place of the first of `span` neighboring batches that together are nearest to `now`; the newest on a tie.

    `past` are batches in order of time, counted in the cells of `now`. Near is the mean of the columns' distances.
    None where the past is shorter than the span, or has nowhere a row.

    >>> import pandas as pd
    >>> from driftloop.monitoring.profiles import first, like
    >>> rows = [pd.DataFrame({"month": [m] * 30}) for m in ["jan", "feb", "mar", "jan", "feb", "mar"]]
    >>> now = first(rows[1], {"month": "categorical"})
    >>> most_similar(now, [like(now, batch) for batch in rows], 1)
    4
    """
    far = [distance(now, merge(*past[at : at + span])) for at in range(len(past) - span + 1)]
    if not far or not np.isfinite(far).any():
        return None
    return len(far) - 1 - int(np.argmin(far[::-1]))


def distance(now: Profiles, then: Profiles) -> float:
    """How far two profiles of the same cells are apart: 0 for equal shares, 1 where nothing is shared.

    Of numbers the largest gap between the cumulative shares (Kolmogorov and Smirnov), of categories half the sum of the
    gaps between shares (total variation): neither minds how many cells there are. No rows are infinitely far.
    """
    if not then.rows or not len(now):
        return float("inf")
    return float(np.mean([_apart(now[name], then[name]) for name in now]))


def _apart(now: Profile, then: Profile) -> float:
    # Rows without a value are the last cell.
    one, other = (np.append(side.cells, side.rows - side.cells.sum()).astype(np.float64) for side in (now, then))
    return float(tvd(one, other) if isinstance(now, CategoricalProfile) else ks(one, other))
