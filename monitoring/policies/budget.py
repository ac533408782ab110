"""Guard: a maximum number of retrains in a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_TIMES, Days


class Budget(Guard):
    """Vetoes when `retrains` were used up in the last `days`, regardless of their result.

    A hard budget, as in RCCDA (arXiv 2505.24149) and resource-aware triggers. It counts over a sliding period, so
    there is no rush at the start of a month.
    """

    declares = frozenset({"retrains"})
    policy: Literal["budget"] = "budget"
    retrains: int = Field(ge=1, le=MOST_TIMES, description="maximum number of retrains in the period")
    days: Days = Field(30, description="length of the period")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        since = now - timedelta(days=self.days)
        used = sum(retrain.now > since for retrain in history.retrains)
        reason = f"{used} of {self.retrains} retrains used in the last {self.days:g} days"
        return self.require(float(self.retrains - used), 1.0, reason)
