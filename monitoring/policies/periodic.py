"""Trigger: a fixed number of checks between retrains."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.policies.tenure import since_training
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_CHECKS


class Periodic(Trigger):
    """Fires at every `every`-th check since the last retrain, or since the champion took over.

    Common practice, and hard to beat if a model ages evenly: the best period is then sqrt(2 cost / aging per batch),
    the point where the accumulated loss equals the cost.
    """

    declares = frozenset({"rows", "checks", "retrains"})
    policy: Literal["periodic"] = "periodic"
    every: int = Field(4, ge=1, le=MOST_CHECKS, description="number of checks between retrains")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if signals.rows == 0:
            return self.not_applicable("no rows in this check", float(self.every))
        count = len(since_training(signals, history)) + 1
        reason = f"check {count} since the last training (limit {self.every})"
        return self.compare(float(count), float(self.every), reason)
