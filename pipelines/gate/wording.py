"""Texts that rules share."""

from __future__ import annotations

from driftloop.monitoring.records.figures import figure

WEAK = (
    "add features that explain the target better, train on more rows (training.window), or try another "
    "training.estimator; driftloop tries again with the next window"
)

__all__ = ["WEAK", "figure"]
