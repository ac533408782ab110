"""The Tweedie deviance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from driftloop.monitoring.losses.base import SMALLEST, MeanLoss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Tweedie(MeanLoss):
    """The unit deviance of amounts that are often 0 and otherwise positive, such as claims per policy.

    Jørgensen (1997), The Theory of Dispersion Models. The variance grows as the mean to the `power`: 1 would be
    `poisson_deviance`, 2 `gamma_deviance`. Labels are at least 0 (`labels_not_allowed`) and predictions above 0: one at
    or below 0 counts as 1e-15, and twice its distance below 0 is added. A model that minimizes it predicts the mean.
    The linear model is scikit-learn's TweedieRegressor.
    """

    unit = "that of the target to 2 minus `power`"
    lowest = 0.0
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["tweedie"] = "tweedie"
    power: float = Field(1.5, gt=1, lt=2, description="how fast the variance grows with the mean, as its power")

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        labels, means = np.asarray(target, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
        p = self.power
        with np.errstate(over="ignore", invalid="ignore"):
            # Of a label of 0 the deviance is defined at 0 as well.
            rate = np.where(labels > 0, np.maximum(means, SMALLEST), np.maximum(means, 0.0))
            cross = np.where(labels > 0, labels * np.power(np.where(labels > 0, rate, 1.0), 1 - p) / (1 - p), 0.0)
            own = np.power(np.maximum(labels, 0.0), 2 - p) / ((1 - p) * (2 - p))
            made = own - cross + np.power(rate, 2 - p) / (2 - p)
            lost: Floats = 2 * np.maximum(made, 0.0) + 2 * np.maximum(-means, 0.0)
        return np.where(labels >= 0, lost, np.inf)

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        return {"objective": "reg:tweedie", "tweedie_variance_power": self.power}

    def watched(self, classes: int = 0) -> str:
        return f"tweedie-nloglik@{self.power:g}"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "TweedieRegressor", {"power": self.power, "link": "log"}
