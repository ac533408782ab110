"""Hellinger distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import BOTH, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def hellinger(old: Floats, new: Floats) -> Floats:
    """Hellinger distance of counts (..., k): 0 for equal shares, 1 where none is shared."""
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    return np.asarray(np.sqrt(((np.sqrt(shares(old)) - np.sqrt(shares(new))) ** 2).sum(axis=-1) / 2))


METHOD = Divergence(
    name="hellinger",
    kinds=BOTH,
    meaning="distance of the square roots of the shares, 0 to 1",
    floor=0.025,
    quadratic=False,
    bound=1.0,
    in_groups=True,
    between=hellinger,
)
