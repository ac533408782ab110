"""The mean squared error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import MeanLoss, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Mse(MeanLoss):
    """Squared error: a few large errors outweigh many small ones. A model that minimizes it predicts the mean."""

    unit = "the square of the target's"
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["mse"] = "mse"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        with np.errstate(over="ignore"):
            return np.square(differences(target, predicted))

    def watched(self, classes: int = 0) -> str:
        return "rmse"
