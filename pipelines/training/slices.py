"""Losses on slices of held-out rows: those that a version remembers, and those that the gate compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import SliceReference
from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.monitoring.slices.conditions import measurable
from driftloop.monitoring.slices.judging import Measured, own, remember
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.pipelines.gate import SliceLosses
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import pairs_with, row_losses

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


def held_out(
    config: Project, scorer: Scorer, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], tuple[SliceReference, ...]]:
    """Return values, shape (n,), whose mean is the loss of labeled rows in order of time; and the loss by slice."""
    target, weights = rows[config.columns.target].to_numpy(), scaled(weights_of(rows, config.columns))
    lost = row_losses(config, scorer, rows)
    measured = Measured(lost, target, config.loss, pairs_with(config, scorer, rows), config.measured, weights)
    return config.loss.whole(lost, target, weights), of_slices(config, rows, measured)


def of_slices(config: Project, rows: pd.DataFrame, measured: Measured) -> tuple[SliceReference, ...]:
    """Return loss and metrics of each slice of the config on labeled rows in order of time."""
    slicing = _slicing(config, rows)
    return remember(slicing, measured) if slicing else ()


def compared(
    config: Project, rows: pd.DataFrame, challenger: NDArray[np.float64], champion: NDArray[np.float64]
) -> tuple[SliceLosses, ...]:
    """Return the losses of two models on each slice of labeled rows in order of time; both given by row, shape (n,)."""
    slicing = _slicing(config, rows)
    target, weights = rows[config.columns.target].to_numpy(), scaled(weights_of(rows, config.columns))
    return tuple(
        SliceLosses(part.name, *(own(lost, target, part, config.loss, weights)[0] for lost in (challenger, champion)))
        for part in (slicing.parts(None) if slicing else ())
        if len(part.places)
    )


def _slicing(config: Project, rows: pd.DataFrame) -> Slicing | None:
    slices, _ = measurable(config.slices, config.columns)
    if not slices or rows.empty:
        return None
    slicing = Slicing(slices)
    slicing.add(mark(slices, rows, config.columns))
    return slicing
