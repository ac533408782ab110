"""Trigger: small rises of the loss add up."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, Signals, Vote, figure
from driftloop.monitoring.settings.limits import MOST_CHECKS, MOST_TIMES


class LossCusum(Trigger):
    """Fires when the cumulative sum of the loss above the reference loss reaches `threshold` standard deviations.

    Page's one-sided CUSUM (Biometrika 1954) with the usual `slack` of half a deviation: one bad batch does not fire, a
    lasting rise does. The deviation of a single check is computed from differences between neighboring checks, which a
    slow trend does not affect. Not applicable before `warm_up` checks. It does not use the cost, yet it is competitive
    (arXiv 2604.06438).
    """

    declares = frozenset({"loss", "checks", "retrains"})
    policy: Literal["loss_cusum"] = "loss_cusum"
    slack: float = Field(0.5, ge=0, le=MOST_TIMES, description="standard deviations subtracted at each check")
    threshold: float = Field(4.0, gt=0, le=MOST_TIMES, description="standard deviations that fire")
    warm_up: int = Field(
        4, ge=3, le=MOST_CHECKS, description="minimum number of checks with a loss; with fewer not applicable"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        measured = signals.performance
        if measured is None:
            return self.not_applicable("no labeled rows yet", self.threshold)
        losses = [check.loss for check in history.checks if check.loss is not None]
        if len(losses) < self.warm_up:
            reason = f"{len(losses)} checks with a loss so far, {self.warm_up} needed"
            return self.not_applicable(reason, self.threshold)
        reference_loss = measured.reference_loss
        if not all(map(math.isfinite, [*losses, measured.loss, reference_loss])):
            return self.not_applicable("a loss is not finite", self.threshold)
        # The median of |a - b| of two draws is 0.954 deviations. The error of a window's mean is the lower bound.
        steps = [abs(b - a) for a, b in pairwise(losses)]
        error = (measured.loss - measured.low) / 1.96
        deviation = max(median(steps) / 0.954, error, 1e-9 * abs(reference_loss), 1e-300)
        total = 0.0
        for loss in [*(check.loss for check in tenure(signals, history)), measured.loss]:
            if loss is not None:
                total = max(0.0, total + (loss - reference_loss) / deviation - self.slack)
        excess = f"excess of {measured.title} over the reference loss {figure(reference_loss)}"
        reason = f"{excess}: {total:.1f} standard deviations, added up over the checks (limit {self.threshold:g})"
        return self.compare(total, self.threshold, reason)
