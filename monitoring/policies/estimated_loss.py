"""Trigger: the champion's loss, estimated without labels, has risen over its loss on rows it was not trained on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_TIMES


class EstimatedLoss(Trigger):
    """Fires when the estimated loss rose by at least `max_rise` of the reference loss, and its interval agrees.

    For labels that come late: calibrated scores for classes (CBPE), a model of the error for numbers (DLE), both as in
    NannyML's documentation; arXiv 2401.08348 for the first. Blind to concept drift by construction: it sees that rows
    have become harder, not that the target answers otherwise to the same inputs. Keep a trigger on the measured loss
    beside it.
    """

    declares = frozenset({"estimate"})
    policy: Literal["estimated_loss"] = "estimated_loss"
    max_rise: float = Field(0.15, ge=0, le=MOST_TIMES, description="0.15 is fifteen per cent worse")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        told = signals.estimated
        if told is None:
            return self.not_applicable("the champion keeps no estimator of its loss; its successor will", self.max_rise)
        if not told.applicable or told.rise is None or told.low is None or told.high is None:
            return self.not_applicable(told.reason, self.max_rise)
        return self.risen(told, self.max_rise, named=f"estimated {told.loss_name}")
