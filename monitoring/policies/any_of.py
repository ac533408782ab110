"""Trigger: one of its members fires."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from driftloop.monitoring.policies.composition import Composition
from driftloop.monitoring.records import History, Signals, Vote


class AnyOf(Composition):
    """Fires when any of its `triggers` fires: like the list of triggers, for use inside another rule."""

    policy: Literal["any_of"] = "any_of"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.count(1, signals, history, now)
