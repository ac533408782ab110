"""Rows that a model was trained on, by their number and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.pipelines.training.steps import Part

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


@dataclass(frozen=True)
class Learned:
    """The number of rows that a model was trained on, and their first and last time."""

    rows: int
    starts: datetime
    ends: datetime

    @property
    def span(self) -> timedelta:
        """The time between the first and the last row."""
        return self.ends - self.starts


def learned_from(config: Project, frame: pd.DataFrame, whole: Part | None = None, *, sampled: bool = False) -> Learned:
    """Return what a fit has learned from: `frame`, or all rows of `whole` unless it was a sample of them."""
    times = frame[config.columns.time]
    if whole is None:
        return Learned(len(times), times.iloc[0].to_pydatetime(), times.iloc[-1].to_pydatetime())
    return Learned(len(times) if sampled else whole.rows, whole.starts, whole.ends)
