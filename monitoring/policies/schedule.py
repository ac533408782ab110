"""Trigger: a new day, week, month, quarter or year has begun."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.columns import TimeZone

Period = Literal["day", "week", "month", "quarter", "year"]


class Schedule(Trigger):
    """Fires when a new `every` began since the last retrain, or since the champion's newest training row.

    It depends on the calendar, not on the times of the checks: a late check fires late, and once. Weeks begin on
    Monday.
    """

    declares = frozenset({"age", "retrains", "calendar"})
    policy: Literal["schedule"] = "schedule"
    every: Period = Field("month", description="period of the calendar")
    time_zone: TimeZone = Field("UTC", description="time zone of the calendar")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if not signals.dated:
            return self.not_applicable("this replay has no real dates; pass the ends of its windows")
        trained = [retrain.now for retrain in history.retrains]
        if signals.champion_age is not None:
            trained.append(now - signals.champion_age)
        if not trained:
            return self.not_applicable("no retrain yet, and the champion's age is unknown")
        last, begin = max(trained), _beginning(now.astimezone(ZoneInfo(self.time_zone)), self.every)
        days = (begin - last) / timedelta(days=1)
        reason = f"this {self.every} began on {begin:%Y-%m-%d}, the last training was on {last:%Y-%m-%d}"
        vote: Literal["fire", "hold"] = "fire" if begin > last else "hold"
        return Vote(policy=self.policy, vote=vote, observed=days, threshold=0.0, reason=reason)


def _beginning(moment: datetime, period: Period) -> datetime:
    """Return the first moment of the period.

    >>> _beginning(datetime(2026, 8, 5, 12), "quarter").isoformat()
    '2026-07-01T00:00:00'
    """
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - timedelta(days=day.weekday())
    if period == "day":
        return day
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[period]
    return day.replace(day=1, month=month)
