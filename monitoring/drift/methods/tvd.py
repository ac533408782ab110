"""Total variation distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import BOTH, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def tvd(old: Floats, new: Floats) -> Floats:
    """Total variation distance of counts (..., k): half the sum of |p - q|."""
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    return np.asarray(np.abs(shares(old) - shares(new)).sum(axis=-1) / 2)


METHOD = Divergence(
    name="tvd",
    kinds=BOTH,
    meaning="total variation: the share of rows that would have to move, 0 to 1",
    floor=0.01,
    quadratic=False,
    bound=1.0,
    in_groups=True,
    between=tvd,
)
