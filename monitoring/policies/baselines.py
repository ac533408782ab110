"""Triggers that do not look at anything: what every other policy must beat."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote


class Never(Trigger):
    """Holds, always."""

    declares = frozenset()
    policy: Literal["never"] = "never"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return Vote(policy=self.policy, vote="hold", reason="this model is never retrained by itself")


class Always(Trigger):
    """Fires at every check of rows, and holds where there are none."""

    declares = frozenset({"rows"})
    policy: Literal["always"] = "always"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.compare(float(signals.rows), 1.0, f"retrained at every check ({signals.rows:,} rows)")
