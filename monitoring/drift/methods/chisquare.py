"""Symmetric chi-square distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import BOTH, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def chisquare(old: Floats, new: Floats) -> Floats:
    """Symmetric chi-square distance of counts (..., k): half the sum of (p - q)^2 / (p + q), 0 to 1."""
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    p, q = shares(old), shares(new)
    return np.asarray(((p - q) ** 2 / np.where(p + q > 0, p + q, 1.0)).sum(axis=-1) / 2)


METHOD = Divergence(
    name="chisquare",
    kinds=BOTH,
    meaning="symmetric chi-square distance, 0 to 1; not a p-value",
    floor=0.00125,
    quadratic=True,
    bound=1.0,
    in_groups=True,
    between=chisquare,
)
