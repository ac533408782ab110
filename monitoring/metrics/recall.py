"""Recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Pairs
from driftloop.monitoring.metrics.counts import ByClass

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class Recall(ByClass):
    """Share of the rows of the second class that are predicted as such; for more classes the mean over classes."""

    metric: Literal["recall"] = "recall"

    def of_sums(self, sums: Floats) -> Floats:
        right, predicted, labels = self.counts(sums)
        return self.averaged(right, labels, predicted + labels)

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        _, _, labels = self.counts(sums[None, :])
        if len(pairs.classes) == 2 and not labels[0, 1]:
            return f"none of {len(pairs):,} labels is {pairs.classes[1]!r}"
        return None
