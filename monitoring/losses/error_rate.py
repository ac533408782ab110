"""The share of rows whose likeliest class is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.losses.base import ClassLoss, matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats


class ErrorRate(ClassLoss):
    """Share of rows whose most likely class is wrong. Models are trained on the log loss, which is smooth."""

    unit = "share of the rows"
    constant = "most frequent class"
    loss: Literal["error_rate"] = "error_rate"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        truth = matches(target, classes)
        made: Floats = 1.0 - truth[np.arange(len(truth)), predicted.argmax(axis=1)]
        return made
