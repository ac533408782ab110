"""Trigger: the champion's loss, estimated without labels, has risen over its loss on rows it was not trained on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from monitoring.policies.base import Trigger
from monitoring.records import History, Signals, Vote


class EstimatedLoss(Trigger):
    """Fires when the estimated loss rose by at least `max_rise` of the reference loss, and its interval agrees.

    For labels that come late: calibrated scores for classes (CBPE), a model of the error for numbers (DLE), both as in
    NannyML's documentation; arXiv 2401.08348 for the first. Blind to concept drift by construction: it sees that rows
    have become harder, not that the target answers otherwise to the same inputs. Keep a trigger on the measured loss
    beside it.
    """

    policy: Literal["estimated_loss"] = "estimated_loss"
    max_rise: float = Field(0.15, ge=0, description="0.15 is fifteen per cent worse")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        told = signals.estimated
        if told is None:
            return self.not_applicable("the champion keeps no estimator of its loss; its successor will", self.max_rise)
        if not told.applicable or told.rise is None or told.low is None or told.high is None:
            return self.not_applicable(told.reason, self.max_rise)
        side = "above" if told.rise >= 0 else "below"
        said = (
            f"estimated {told.loss_name} {told.loss:.4g} is {abs(told.rise):.1%} {side} "
            f"the reference's {told.reference_loss:.4g}"
        )
        if told.rise >= self.max_rise and told.low <= told.reference_loss:
            return Vote(
                policy=self.policy,
                vote="hold",
                observed=told.rise,
                threshold=self.max_rise,
                reason=f"{said}, but its 95 % interval ({told.low:.4g} to {told.high:.4g}) reaches the reference",
            )
        return self.compare(told.rise, self.max_rise, f"{said} (limit {self.max_rise:.0%})")
