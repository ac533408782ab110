"""Trigger: the champion has reached a maximum age."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import Days


class MaxAge(Trigger):
    """Fires when the newest row the champion was trained on is at least `max_age_days` old.

    The age counts from the last answered retrain if that is later: after a rejected challenger the champion is as old
    as before, and a new request at the next check would only repeat the last one.
    """

    declares = frozenset({"age", "retrains"})
    policy: Literal["max_age"] = "max_age"
    max_age_days: Days = Field(description="age in days that fires")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if signals.champion_age is None:
            return self.not_applicable("the champion's age is unknown", self.max_age_days)
        age = signals.champion_age / timedelta(days=1)
        reason = f"the champion's newest training row is {age:.1f} days old"
        answered = max((retrain.now for retrain in history.retrains), default=None)
        since = age if answered is None else (now - answered) / timedelta(days=1)
        if since < age:
            reason += f", the last retrain ended {since:.1f} days ago"
        return self.compare(min(age, since), self.max_age_days, f"{reason} (limit {self.max_age_days:g})")
