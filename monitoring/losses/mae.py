"""The mean absolute error."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.losses.base import AbsoluteLoss


class Mae(AbsoluteLoss):
    """Absolute error: each row counts by its distance from the label. A model that minimizes it predicts the median."""

    unit = "that of the target"
    follows = frozenset({"xgboost"})
    loss: Literal["mae"] = "mae"
