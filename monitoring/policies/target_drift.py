"""Trigger: the target has drifted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote


class TargetDrift(Trigger):
    """Fires when the distribution of the labels drifted from the reference.

    Prior-probability shift (Moreno-Torres et al. 2012). The model may still be right, because its inputs moved too: use
    this policy if the share of a class matters.
    """

    declares = frozenset({"target_drift"})
    policy: Literal["target_drift"] = "target_drift"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.drifted("target", signals)
