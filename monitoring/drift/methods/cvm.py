"""Cramér-von Mises distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import NUMERIC, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def cvm(old: Floats, new: Floats) -> Floats:
    """Two-sample Cramér-von Mises distance (Anderson 1962) of counts (..., k) in order.

    It is the root of the mean squared gap between the two cumulative shares, over all rows of both sides. Anderson's
    statistic is its square times n m / (n + m), for n and m rows.

    >>> import numpy as np
    >>> float(cvm(np.array([2.0, 2.0]), np.array([4.0, 0.0]))), float(cvm(np.array([2.0, 2.0]), np.array([1.0, 1.0])))
    (0.4330127018922193, 0.0)
    """
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    gap = np.cumsum(shares(old) - shares(new), axis=-1)
    return np.asarray(np.sqrt((shares(old + new) * gap**2).sum(axis=-1)))


METHOD = Divergence(
    name="cvm",
    kinds=NUMERIC,
    meaning="the root mean square gap between the two cumulative shares, 0 to 1",
    floor=0.0075,
    quadratic=False,
    bound=None,
    in_groups=False,
    between=cvm,
)
