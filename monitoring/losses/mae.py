"""The mean absolute error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import NumberLoss, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Mae(NumberLoss):
    """Absolute error: each row counts by its distance from the label. A model that minimizes it predicts the median."""

    unit = "that of the target"
    constant = "median"
    follows = frozenset({"xgboost"})
    loss: Literal["mae"] = "mae"

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

    def boosting(self) -> dict[str, Any]:
        return {"loss": "absolute_error"}
