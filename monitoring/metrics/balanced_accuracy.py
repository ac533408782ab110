"""Balanced accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.metrics.base import Pairs
from driftloop.monitoring.metrics.counts import ByClass

if TYPE_CHECKING:
    from driftloop.monitoring.metrics.base import Floats


class BalancedAccuracy(ByClass):
    """Mean over the classes of the share of their rows that are predicted right: 1 / k is chance for k classes.

    Brodersen et al. (2010), The balanced accuracy and its posterior distribution.
    """

    metric: Literal["balanced_accuracy"] = "balanced_accuracy"

    def of_sums(self, sums: Floats) -> Floats:
        import numpy as np

        right, _, labels = self.counts(sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.where(labels > 0, right / np.where(labels > 0, labels, 1.0), 0.0)
            made: Floats = each.sum(axis=1) / (labels > 0).sum(axis=1)
        return made

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        _, _, labels = self.counts(sums[None, :])
        present = [name for name, rows in zip(pairs.classes, labels[0], strict=True) if rows]
        return None if len(present) > 1 else f"all {len(pairs):,} labels are of one class{_named(present)}"


def _named(present: list[str]) -> str:
    return f", {present[0]!r}" if present else ""
