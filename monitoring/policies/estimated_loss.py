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

    For late labels: calibrated scores for classes (CBPE), a model of the error for numbers (DLE), both as in NannyML's
    documentation; arXiv 2401.08348 for the first. Cannot detect concept drift: it detects rows that are harder to
    predict, not a change in the relation between features and target. Use a trigger on the measured loss alongside it.
    """

    declares = frozenset({"estimate"})
    in_percent = True
    policy: Literal["estimated_loss"] = "estimated_loss"
    max_rise: float = Field(
        0.15, ge=0, le=MOST_TIMES, description="rise that fires, as a share of the reference loss; 0.15 is 15%"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        estimate = signals.estimated
        if estimate is None:
            reason = "this champion has no loss estimator; the next champion gets one"
            return self.not_applicable(reason, self.max_rise)
        if not estimate.applicable or estimate.rise is None or estimate.low is None or estimate.high is None:
            return self.not_applicable(estimate.reason, self.max_rise)
        return self.risen(estimate, self.max_rise, name=f"estimated {estimate.title}")
