"""Trigger: the champion's loss on a slice has risen above its loss there at training."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote, worst
from driftloop.monitoring.settings.limits import MOST_TIMES


class SliceDrop(Trigger):
    """Fires when the loss on a slice of `slices` rose significantly, by at least `max_rise` of its loss at training.

    Significantly means: in the family of all slices of the check, chance reports any of them in at most
    `drift.false_alarm_rate` of the checks. The loss at training was measured on rows of the slice that the champion was
    not trained on. A slice is smaller than the window, so a rise that `performance_drop` does not see can fire here.
    """

    declares = frozenset({"slices"})
    in_percent = True
    policy: Literal["slice_drop"] = "slice_drop"
    max_rise: float = Field(
        0.15,
        ge=0,
        le=MOST_TIMES,
        description="rise that fires, as a share of the loss at training; 0.15 is 15%",
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        judged = [each for each in signals.slices if each.p_value is not None and each.rise is not None]
        if not signals.slices:
            return self.not_applicable("no slice has labeled rows", self.max_rise)
        if not judged:
            reason = f"none of {len(signals.slices):,} slices has a reference and enough labeled rows"
            if any(each.standing == "no_reference" for each in signals.slices):
                reason += "; `driftloop retrain` measures the loss of each slice for the next champion"
            return self.not_applicable(reason, self.max_rise)
        found = worst(signals.slices)
        if found and found[0].rise is not None:
            return self.compare(found[0].rise, self.max_rise, f"{found[0].sentence()} (limit {self.max_rise:.0%})")
        largest = max(each.rise or 0.0 for each in judged)
        reason = f"none of {len(judged):,} judged slices is significantly worse than at training"
        return Vote(policy=self.policy, vote="hold", observed=largest, threshold=self.max_rise, reason=reason)
