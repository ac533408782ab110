"""The area under the ROC curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import BINARY, Metric, NotComputable, Pairs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.metrics.base import Floats


class RocAuc(Metric):
    """Probability that a row of the second class has a higher score than a row of the first: 0.5 is chance.

    Hanley and McNeil (1982), The meaning and use of the area under a receiver operating characteristic curve.
    """

    tasks = BINARY
    better = "higher"
    low, high = 0.0, 1.0
    metric: Literal["roc_auc"] = "roc_auc"

    def value(self, pairs: Pairs) -> float:
        import numpy as np

        from driftloop.monitoring.metrics.ranking import one_class

        if (why := one_class(pairs)) is not None:
            raise NotComputable(why)
        _, hits, rest = pairs.ranked
        # Rows of the first class with a lower score, and half of those with the same.
        below = np.cumsum(rest) - rest / 2
        return float(hits @ below / (hits.sum() * rest.sum()))

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        from driftloop.monitoring.metrics.ranking import ranked_sums

        return ranked_sums(pairs, starts)

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        rest, hits = np.split(sums, 2, axis=1)
        below = np.cumsum(rest, axis=1) - rest / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            made: Floats = (hits * below).sum(axis=1) / (hits.sum(axis=1) * rest.sum(axis=1))
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        from driftloop.monitoring.metrics.ranking import one_class

        return one_class(pairs)
