"""Population stability index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import BOTH, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats

SMOOTHING = 0.5


def psi(old: Floats, new: Floats) -> Floats:
    """Population stability index (Siddiqi 2006) of counts (..., k), half a row added to every cell that is there.

    The half row, Jeffreys' prior, keeps a cell that is empty on one side finite, and fades as rows come.

    >>> import numpy as np
    >>> round(float(psi(np.array([500.0, 500.0]), np.array([600.0, 400.0]))), 3)
    0.04
    """
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    there = (old > 0) | (new > 0)
    both = [np.where(there, side + SMOOTHING, 0.0) for side in (old, new)]
    p, q = (shares(side) for side in both)
    # where a cell is empty on both sides, both shares are 0 and the ratio is taken as 1
    ratio = np.where(there, q, 1.0) / np.where(there, p, 1.0)
    return np.asarray(((q - p) * np.log(ratio)).sum(axis=-1))


METHOD = Divergence(
    name="psi",
    kinds=BOTH,
    meaning="population stability index; as a static number 0.1 is small, 0.2 large",
    floor=0.005,
    quadratic=True,
    bound=None,
    in_groups=True,
    between=psi,
)
