"""The area under the precision-recall curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Ranked

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class PrAuc(Ranked):
    """Average precision of the second class: precision at each score, weighted by the recall that it adds.

    Its value for chance is the share of the second class, so it suits rare classes. It is computed as scikit-learn's
    `average_precision_score`; Davis and Goadrich (2006), The relationship between precision-recall and ROC curves.
    """

    metric: Literal["pr_auc"] = "pr_auc"

    def exact(self, hits: Floats, rest: Floats) -> float:
        import numpy as np

        hits, rest = hits[::-1], rest[::-1]
        found = np.cumsum(hits)
        rows = found + np.cumsum(rest)
        precision = np.divide(found, rows, out=np.zeros_like(found), where=rows > 0)
        return float((hits * precision).sum() / found[-1])

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        rest, hits = (part[:, ::-1] for part in np.split(sums, 2, axis=1))
        found, rows = np.cumsum(hits, axis=1), np.cumsum(hits + rest, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.where(rows > 0, found / rows, 0.0)
            made: Floats = (hits * precision).sum(axis=1) / found[:, -1]
        return made
