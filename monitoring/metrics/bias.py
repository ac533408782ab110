"""The mean error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import NUMBERS, Metric, Pairs, block_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats


class Bias(Metric):
    """Mean of prediction minus label, in the unit of the target: above 0 the predictions are too high on average."""

    tasks = NUMBERS
    better = "zero"
    metric: Literal["bias"] = "bias"

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        return block_sums(pairs, [pairs.score - pairs.target], starts)

    def of_sums(self, sums: Floats) -> Floats:
        made: Floats = sums[:, 1] / sums[:, 0]
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        return None
