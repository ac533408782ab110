"""Trigger: all of its members fire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from driftloop.monitoring.policies.composition import Composition
from driftloop.monitoring.records import History, Signals, Vote


class AllOf(Composition):
    """Fires when all of its `triggers` fire; holds while one of them cannot judge."""

    policy: Literal["all_of"] = "all_of"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.count(len(self.triggers), signals, history, now)
