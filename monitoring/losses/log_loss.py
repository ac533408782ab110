"""The logarithmic loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import SMALLEST, ClassLoss, matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class LogLoss(ClassLoss):
    """Negative logarithm of the probability of the true class: confident wrong answers cost most."""

    needs_probabilities = True
    unit = "nats"
    follows = frozenset({"xgboost", "linear"})
    loss: Literal["log_loss"] = "log_loss"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        made: Floats = -np.log(np.clip((predicted * matches(target, classes)).sum(axis=1), SMALLEST, 1.0))
        return made
