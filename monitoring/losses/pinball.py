"""The pinball loss, by which a quantile is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from driftloop.monitoring.losses.base import NumberLoss, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Pinball(NumberLoss):
    """Error weighted by its side: `quantile` where the prediction is too low, 1 - `quantile` where it is too high.

    Koenker and Bassett (1978), Regression quantiles. A model that minimizes it predicts the quantile: with 0.9 nine of
    ten labels are below the prediction. The linear model is scikit-learn's QuantileRegressor, fitted on at most 3,000
    evenly spaced rows.
    """

    unit = "that of the target"
    constant = "quantile"
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["pinball"] = "pinball"
    quantile: float = Field(gt=0, lt=1, description="the quantile to predict; 0.9 is the 90th percentile")

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        with np.errstate(over="ignore"):
            missing = differences(target, predicted)
            made: Floats = np.maximum(self.quantile * missing, (self.quantile - 1) * missing)
        return made

    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        import numpy as np

        return np.asarray(np.quantile(target, self.quantile, weights=weights, method="inverted_cdf"))

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        return {"objective": "reg:quantileerror", "quantile_alpha": self.quantile}

    def watched(self, classes: int = 0) -> str:
        return "quantile"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "QuantileRegressor", {"quantile": self.quantile}

    def boosting(self) -> dict[str, Any]:
        return {"loss": "quantile", "quantile": self.quantile}
