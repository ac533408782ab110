"""The gamma deviance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import SMALLEST, MeanLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class GammaDeviance(MeanLoss):
    """The unit deviance of positive amounts, 2 (log(p / y) + y / p - 1): only the relative error counts.

    McCullagh and Nelder (1989), Generalized Linear Models. Labels are above 0 (`labels_not_allowed`), and so are
    predictions: one at or below 0 counts as 1e-15, and twice its distance below 0 is added. A model that minimizes it
    predicts the mean. The linear model is scikit-learn's GammaRegressor.
    """

    unit = "none: about the square of the relative error"
    lowest = 0.0
    above = True
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["gamma_deviance"] = "gamma_deviance"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        labels, means = np.asarray(target, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            ratio = labels / np.maximum(means, SMALLEST)
            # x - 1 - log(x) rounds to just below 0 where x is nearly 1.
            made: Floats = 2 * np.maximum(ratio - 1 - np.log(ratio), 0.0) + 2 * np.maximum(-means, 0.0)
        return np.where(labels > 0, made, np.inf)

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        return {"objective": "reg:gamma"}

    def watched(self, classes: int = 0) -> str:
        return "gamma-deviance"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "GammaRegressor", {}

    def boosting(self) -> dict[str, Any]:
        return {"loss": "gamma"}
