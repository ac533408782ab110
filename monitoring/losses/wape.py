"""The weighted absolute percentage error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import NumberLoss, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Wape(NumberLoss):
    """Sum of the absolute errors divided by the sum of the absolute labels: 0.1 is an error of 10% of the volume.

    Kolassa and Schütz (2007), Advantages of the MAD/mean ratio over the MAPE. It is not an average over rows, so single
    labels of 0 do no harm; rows whose labels are all 0 have none (`labels_not_allowed`). Its interval is that of a
    ratio. A model that minimizes it predicts the median, as for `mae`.
    """

    unit = "share of the sum of the labels"
    constant = "median"
    follows = frozenset({"xgboost", "linear"})
    relative = True
    loss: Literal["wape"] = "wape"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        with np.errstate(over="ignore"):
            return np.abs(differences(target, predicted))

    def best(self, target: NDArray[Any], classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        return np.asarray(np.median(target))

    def xgboost(self, target: NDArray[Any]) -> dict[str, Any]:
        return {"objective": "reg:absoluteerror"}

    def watched(self, classes: int = 0) -> str:
        return "mae"

    def linear(self) -> tuple[str, dict[str, Any]]:
        return "QuantileRegressor", {"quantile": 0.5}

    def boosting(self) -> dict[str, Any]:
        return {"loss": "absolute_error"}
