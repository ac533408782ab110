"""The coefficient of determination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import NUMBERS, Metric, Pairs, block_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats


class R2(Metric):
    """Share of the variance of the labels that the predictions explain: 1 is perfect, 0 is as good as their mean."""

    tasks = NUMBERS
    better = "higher"
    high = 1.0
    metric: Literal["r2"] = "r2"

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        import numpy as np

        # Around a middle, so that squares of large labels do not cancel.
        around = pairs.target - float(np.average(pairs.target, weights=pairs.weights))
        with np.errstate(over="ignore"):
            squares = np.square(pairs.score - pairs.target)
            return block_sums(pairs, [squares, around, np.square(around)], starts)

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        rows, errors, total, squares = sums.T
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            spread = squares - total**2 / rows
            made: Floats = np.where(spread > 0, 1 - errors / spread, np.nan)
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        if (pairs.target != pairs.target[0]).any() and sums[3] > 0:
            return None
        return f"all {len(pairs):,} labels are {pairs.target[0]:.6g}, so there is no variance to explain"
