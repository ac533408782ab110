"""The area under the ROC curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Ranked

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class RocAuc(Ranked):
    """Probability that a row of the second class has a higher score than a row of the first: 0.5 is chance.

    Hanley and McNeil (1982), The meaning and use of the area under a receiver operating characteristic curve.
    """

    metric: Literal["roc_auc"] = "roc_auc"

    def exact(self, hits: Floats, rest: Floats) -> float:
        import numpy as np

        # Rows of the first class with a lower score, and half of those with the same.
        below = np.cumsum(rest) - rest / 2
        return float((hits * below).sum() / (hits.sum() * rest.sum()))

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        rest, hits = np.split(sums, 2, axis=1)
        below = np.cumsum(rest, axis=1) - rest / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            made: Floats = (hits * below).sum(axis=1) / (hits.sum(axis=1) * rest.sum(axis=1))
        return made
