"""Baseline triggers that read no measurement: every other policy must beat them."""

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
        return Vote(policy=self.policy, vote="hold", reason="this policy never retrains")


class Always(Trigger):
    """Fires at every check of rows, and holds where there are none."""

    declares = frozenset({"rows"})
    policy: Literal["always"] = "always"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        reason = f"this policy retrains at every check with rows ({signals.rows:,} rows)"
        return self.compare(float(signals.rows), 1.0, reason)
