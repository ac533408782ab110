"""The root mean squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import NUMBERS, Metric, Pairs, block_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats


class Rmse(Metric):
    """Root of the mean squared error, in the unit of the target."""

    tasks = NUMBERS
    better = "lower"
    low = 0.0
    metric: Literal["rmse"] = "rmse"

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        import numpy as np

        with np.errstate(over="ignore"):
            squares = np.square(pairs.score - pairs.target)
        return block_sums(pairs, [squares], starts)

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        made: Floats = np.sqrt(sums[:, 1] / sums[:, 0])
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        return None
