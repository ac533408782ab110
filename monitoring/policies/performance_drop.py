"""Trigger: the champion's loss on labelled rows has risen over its loss on the reference."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS, MOST_TIMES


class PerformanceDrop(Trigger):
    """Fires when the loss rose by at least `max_rise` of the reference loss, and not by chance alone.

    Not by chance: the lower end of the loss's 95 % interval lies above the reference loss. The reference loss is that
    on rows which the champion was not trained on.
    """

    declares = frozenset({"loss"})
    policy: Literal["performance_drop"] = "performance_drop"
    max_rise: float = Field(0.15, ge=0, le=MOST_TIMES, description="0.15 is fifteen per cent worse")
    min_rows: int = Field(30, ge=2, le=MOST_ROWS, description="fewer labelled rows: not applicable")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        seen = signals.performance
        if seen is None:
            return self.not_applicable("no labelled rows yet", self.max_rise)
        if seen.rows < self.min_rows:
            return self.not_applicable(f"{seen.rows} labelled rows, {self.min_rows} needed", self.max_rise)
        return self.risen(seen, self.max_rise, named=seen.loss_name)
