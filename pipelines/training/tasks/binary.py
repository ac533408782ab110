"""Two classes."""

from __future__ import annotations

import pandas as pd

from driftloop.monitoring.errors import TrainingImpossible, listed
from driftloop.monitoring.tasks import BINARY
from driftloop.pipelines.training.tasks.classes import Classes


class Binary(Classes):
    """Two classes, and never a third."""

    type = BINARY
    target_type = "binary"

    def impossible(self, target: pd.Series, classes: tuple[str, ...], *, trees: bool) -> TrainingImpossible | None:
        if len(classes) <= 2:
            return super().impossible(target, classes, trees=trees)
        return TrainingImpossible(
            "too_many_classes",
            f"the target has {len(classes)} classes: {listed(classes)}",
            expected="two classes, since task is binary",
            remedy="set task: multiclass, or check how the target is made",
        )
