"""Trigger: the champion's loss on labeled rows has risen above its reference loss."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS, MOST_TIMES


class PerformanceDrop(Trigger):
    """Fires when the loss rose significantly, by at least `max_rise` of the reference loss.

    Significantly means: the lower end of the loss's 95% interval is above the reference loss. The reference loss was
    measured on rows that the champion was not trained on.
    """

    declares = frozenset({"loss"})
    in_percent = True
    policy: Literal["performance_drop"] = "performance_drop"
    max_rise: float = Field(
        0.15, ge=0, le=MOST_TIMES, description="rise that fires, as a share of the reference loss; 0.15 is 15%"
    )
    min_rows: int = Field(
        30, ge=2, le=MOST_ROWS, description="minimum number of labeled rows; with fewer not applicable"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        measured = signals.performance
        if measured is None:
            return self.not_applicable("no labeled rows yet", self.max_rise)
        if measured.rows < self.min_rows:
            return self.not_applicable(f"{measured.rows:,} labeled rows, {self.min_rows:,} needed", self.max_rise)
        return self.risen(measured, self.max_rise, name=measured.title)
