"""Trigger: the champion is old."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from monitoring.limits import Days
from monitoring.policies.base import Trigger
from monitoring.records import History, Signals, Vote


class MaxAge(Trigger):
    """Fires when the newest row the champion was trained on is at least `max_age_days` old."""

    declares = frozenset({"age"})
    policy: Literal["max_age"] = "max_age"
    max_age_days: Days

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if signals.champion_age is None:
            return self.not_applicable("the champion's age is not known", self.max_age_days)
        days = signals.champion_age / timedelta(days=1)
        return self.compare(
            days, self.max_age_days, f"the champion's newest rows are {days:.1f} days old (limit {self.max_age_days:g})"
        )
