"""Precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Pairs
from driftloop.monitoring.metrics.counts import ByClass

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class Precision(ByClass):
    """Share of right ones among the rows predicted as the second class; for more classes the mean over classes."""

    metric: Literal["precision"] = "precision"

    def of_sums(self, sums: Floats) -> Floats:
        right, predicted, labels = self.counts(sums)
        return self.averaged(right, predicted, predicted + labels)

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        _, predicted, _ = self.counts(sums[None, :])
        if len(pairs.classes) == 2 and not predicted[0, 1]:
            return f"none of {len(pairs):,} rows is predicted as {pairs.classes[1]!r}"
        return None
