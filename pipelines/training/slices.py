"""Losses of a challenger on held-out rows and on their slices, which its version will remember."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import SliceReference
from driftloop.monitoring.slices.conditions import measurable
from driftloop.monitoring.slices.judging import remember
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.pipelines.training.scorer import Scorer

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


def held_out(
    config: Project, scorer: Scorer, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], tuple[SliceReference, ...]]:
    """Return values, shape (n,), whose mean is the loss of labeled rows in order of time; and the loss by slice."""
    target = rows[config.columns.target].to_numpy()
    lost = config.loss.rows(target, scorer.predict(rows), scorer.classes)
    return config.loss.whole(lost, target), of_slices(config, rows, lost)


def of_slices(config: Project, rows: pd.DataFrame, lost: NDArray[np.float64]) -> tuple[SliceReference, ...]:
    """Return the loss of each slice of the config on labeled rows in order of time, with losses of shape (n,)."""
    slices, _ = measurable(config.slices, config.columns)
    if not slices or rows.empty:
        return ()
    slicing = Slicing(slices)
    slicing.add(mark(slices, rows, config.columns))
    return remember(slicing, lost, rows[config.columns.target].to_numpy(), config.loss)
