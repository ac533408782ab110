"""Kolmogorov-Smirnov distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import NUMERIC, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def ks(old: Floats, new: Floats) -> Floats:
    """Kolmogorov and Smirnov's distance of counts (..., k) in order: the largest gap of the cumulative shares."""
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    return np.asarray(np.abs(np.cumsum(shares(old) - shares(new), axis=-1)).max(axis=-1))


METHOD = Divergence(
    name="ks",
    kinds=NUMERIC,
    meaning="the largest gap between the two cumulative shares, 0 to 1",
    floor=0.01,
    quadratic=False,
    bound=1.0,
    in_groups=False,
    between=ks,
)
