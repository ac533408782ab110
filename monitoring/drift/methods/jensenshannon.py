"""Jensen-Shannon distance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods.base import BOTH, Divergence

if TYPE_CHECKING:
    from driftloop.monitoring.drift.cells import Floats


def jensenshannon(old: Floats, new: Floats) -> Floats:
    """Square root of the Jensen-Shannon divergence in nats (Endres and Schindelin 2003) of counts (..., k)."""
    import numpy as np

    from driftloop.monitoring.drift.cells import shares

    p, q = shares(old), shares(new)
    middle = (p + q) / 2
    safe = np.where(middle > 0, middle, 1.0)
    divergence = sum((side * np.log(np.where(side > 0, side, safe) / safe)).sum(axis=-1) for side in (p, q))
    return np.asarray(np.sqrt(np.maximum(divergence / 2, 0.0)))


METHOD = Divergence(
    name="jensenshannon",
    kinds=BOTH,
    meaning="square root of the Jensen-Shannon divergence, 0 to 0.8326",
    floor=0.025,
    quadratic=False,
    bound=math.sqrt(math.log(2)),
    in_groups=True,
    between=jensenshannon,
)
