"""Right and wrong decisions per class, which precision, recall and F1 share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from driftloop.monitoring.metrics.base import CLASSES, Confused, Pairs
from driftloop.monitoring.records import Better
from driftloop.monitoring.tasks import Task

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats, Places

Threshold = Annotated[float | None, pydantic.Field(gt=0, lt=1)]
ABOUT = (
    "probability from which the second of two classes is predicted; if not given, the decision of the loss: the most "
    "likely class, or for `cost_matrix` the cheapest"
)


class ByClass(Confused):
    """A metric of one class: of two classes it is that of the second, of more the mean over all classes (macro)."""

    tasks: ClassVar[frozenset[Task]] = CLASSES
    better: ClassVar[Better] = "higher"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    threshold: Threshold = pydantic.Field(None, description=ABOUT)

    def fits(self, task: Task) -> bool:
        return task == "binary" or (task in self.tasks and self.threshold is None)

    @property
    def decision(self) -> str:
        return "decided" if self.threshold is None else f"decided from {self.threshold!r}"

    def places(self, pairs: Pairs) -> Places:
        import numpy as np

        if self.threshold is None:
            return pairs.decided
        return (pairs.score >= self.threshold).astype(np.int32)

    def counts(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """Return right decisions, predictions and labels of every class, shape (b, k) each."""
        import math

        cells = sums.shape[1]
        k = (math.isqrt(4 * cells + 1) - 1) // 2
        matrix = sums.reshape(len(sums), k + 1, k)
        right = matrix[:, :k].diagonal(axis1=1, axis2=2)
        return right, matrix.sum(axis=1), matrix[:, :k].sum(axis=2)

    def averaged(self, top: Floats, bottom: Floats, present: Floats) -> Floats:
        """Return top / bottom of the second of two classes, otherwise its mean over classes that are `present`."""
        import numpy as np

        with np.errstate(invalid="ignore", divide="ignore"):
            if top.shape[1] == 2:
                only: Floats = top[:, 1] / bottom[:, 1]
                return only
            each = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), 0.0)
            made: Floats = np.where(present > 0, each, 0.0).sum(axis=1) / (present > 0).sum(axis=1)
        return made
