"""The Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import ClassLoss, matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class Brier(ClassLoss):
    """Squared error of the probabilities, summed over the classes; for two classes half, as in scikit-learn."""

    unit = "squared probability"
    loss: Literal["brier"] = "brier"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        truth = matches(target, classes)
        made: Floats = ((predicted - truth) ** 2).sum(axis=1) + ~truth.any(axis=1)
        return made / 2 if len(classes) == 2 else made

    def watched(self, classes: int = 0) -> str:
        # Of many classes the log loss measures smoothly what xgboost has no metric for.
        return "rmse" if classes == 2 else "mlogloss"
