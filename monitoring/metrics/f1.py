"""The F1 score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Pairs
from driftloop.monitoring.metrics.counts import ByClass

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class F1(ByClass):
    """Harmonic mean of precision and recall of the second class; for more classes the mean over classes.

    van Rijsbergen (1979), Information Retrieval.
    """

    metric: Literal["f1"] = "f1"

    def of_sums(self, sums: Floats) -> Floats:
        right, predicted, labels = self.counts(sums)
        return self.averaged(2 * right, predicted + labels, predicted + labels)

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        _, _, labels = self.counts(sums[None, :])
        if len(pairs.classes) == 2 and not labels[0, 1]:
            return f"none of {len(pairs):,} labels is {pairs.classes[1]!r}"
        return None
