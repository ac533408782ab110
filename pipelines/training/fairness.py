"""Gaps between groups on held-out rows, for the gate to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from driftloop.monitoring.records import FairnessGap
from driftloop.monitoring.slices.fairness import measure
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import pairs_with

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


def fairness_of(config: Project, scorer: Scorer, rows: pd.DataFrame) -> tuple[FairnessGap, ...]:
    """Return the rates of the config's groups on labeled rows in order of time; none without `fairness` or rows."""
    if config.fairness is None or rows.empty:
        return ()
    slicing = Slicing(config.fairness.by)
    slicing.add(mark(slicing.slices, rows, config.columns))
    return measure(config.fairness, config.task, slicing, pairs_with(config, scorer, rows), None)
