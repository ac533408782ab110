"""The Poisson deviance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import SMALLEST, MeanLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class PoissonDeviance(MeanLoss):
    """The unit deviance of counts, 2 (y log(y / p) - y + p): the larger a count, the larger an error it allows.

    McCullagh and Nelder (1989), Generalized Linear Models. Labels are at least 0 (`labels_not_allowed`) and predictions
    above 0: one at or below 0 counts as 1e-15, and twice its distance below 0 is added. A model that minimizes it
    predicts the mean. The linear model is scikit-learn's PoissonRegressor.
    """

    unit = "twice that of the target"
    lowest = 0.0
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["poisson_deviance"] = "poisson_deviance"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np
        from scipy.special import kl_div

        labels, means = np.asarray(target, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            # y log(y / p) - y + p, infinite for a label below 0, of which the deviance is not defined.
            made: Floats = 2 * kl_div(labels, np.maximum(means, SMALLEST)) + 2 * np.maximum(-means, 0.0)
        return made

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        return {"objective": "count:poisson"}

    def watched(self, classes: int = 0) -> str:
        return "poisson-nloglik"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "PoissonRegressor", {}

    def boosting(self) -> dict[str, Any]:
        return {"loss": "poisson"}
