"""Guard: a minimum time between two retrains."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import Days


class Cooldown(Guard):
    """Vetoes until `days` have passed since the last retrain, regardless of its result and of restarts."""

    declares = frozenset({"retrains"})
    policy: Literal["cooldown"] = "cooldown"
    days: Days = Field(description="minimum days between two retrains")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if not history.retrains:
            return Vote(policy=self.policy, vote="allow", threshold=self.days, reason="no retrain yet")
        last = max(retrain.now for retrain in history.retrains)
        since = (now - last) / timedelta(days=1)
        return self.require(since, self.days, f"{since:.1f} days since the last retrain (minimum {self.days:g})")
