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
from driftloop.monitoring.records import History, Signals, Vote
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
        seen = signals.performance
        if seen is None:
            return self.not_applicable("no labelled rows yet", self.threshold)
        known = [check.loss for check in history.checks if check.loss is not None]
        if len(known) < self.warm_up or not all(map(math.isfinite, [*known, seen.loss, seen.reference_loss])):
            return self.not_applicable(f"{len(known)} losses so far, {self.warm_up} needed", self.threshold)
        # The median of |a - b| of two draws is 0.954 deviations. A window's own error is the least it can be.
        steps = [abs(b - a) for a, b in pairwise(known)]
        deviation = max(median(steps) / 0.954, (seen.loss - seen.low) / 1.96, 1e-9 * abs(seen.reference_loss), 1e-300)
        total = 0.0
        for loss in [*(check.loss for check in tenure(signals, history)), seen.loss]:
            if loss is not None:
                total = max(0.0, total + (loss - seen.reference_loss) / deviation - self.slack)
        told = f"{seen.loss_name} above the reference's {seen.reference_loss:.4g} added up to {total:.1f} deviations"
        return self.compare(total, self.threshold, f"{told} (limit {self.threshold:g})")
