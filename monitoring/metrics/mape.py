"""The mean absolute percentage error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import NUMBERS, Metric, Pairs, block_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats


class Mape(Metric):
    """Mean of the absolute error divided by the absolute label: 0.1 is 10%.

    It cannot be computed where a label is 0; the loss `wape` can.
    """

    tasks = NUMBERS
    better = "lower"
    low = 0.0
    metric: Literal["mape"] = "mape"

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        import numpy as np

        zero = pairs.target == 0
        with np.errstate(over="ignore"):
            shares = np.abs(pairs.score - pairs.target) / np.where(zero, 1.0, np.abs(pairs.target))
        return block_sums(pairs, [shares], starts)

    def of_sums(self, sums: Floats) -> Floats:
        made: Floats = sums[:, 1] / sums[:, 0]
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        zeros = int((pairs.target == 0).sum())
        return f"{zeros:,} of {len(pairs):,} labels are 0, by which it divides" if zeros else None
