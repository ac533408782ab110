"""Trigger: the loss is significantly above the reference loss."""

from __future__ import annotations

import math
from datetime import datetime
from statistics import stdev
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.policies.tenure import reign
from driftloop.monitoring.records import History, Signals, Vote, figure
from driftloop.monitoring.settings.limits import MOST_ROWS, MOST_TIMES


class LossZTest(Trigger):
    """Fires when the loss is at least `z` standard errors above the reference loss.

    A one-sided z-test on the newest labeled window, as in DDM's warning levels (Gama et al. 2004). The standard error
    combines the error of the window's mean with the spread of the champion's earlier checks, if there are three or more
    (including checks before a rejected challenger): good and bad weeks are not staleness. It does not use the cost, and
    on large batches it fires at changes without a gain.
    """

    declares = frozenset({"loss", "checks"})
    policy: Literal["loss_ztest"] = "loss_ztest"
    z: float = Field(3.0, gt=0, le=MOST_TIMES, description="standard errors that fire")
    min_rows: int = Field(
        30, ge=2, le=MOST_ROWS, description="minimum number of labeled rows; with fewer not applicable"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        measured = signals.performance
        if measured is None or measured.worth < self.min_rows:
            text = measured.counted if measured else "0 labeled rows"
            return self.not_applicable(f"{text}, {self.min_rows:,} needed", self.z)
        losses = [check.loss for check in reign(signals, history) if check.loss is not None]
        between = stdev(losses) if len(losses) >= 3 else 0.0
        error = math.hypot((measured.loss - measured.low) / 1.96, between)
        rise = measured.loss - measured.reference_loss
        if not math.isfinite(rise) or not math.isfinite(error):
            return self.not_applicable("the loss or its interval is not finite", self.z)
        z = rise / error if error > 0 else math.copysign(1e9, rise) if rise else 0.0
        loss, reference = figure(measured.loss), figure(measured.reference_loss)
        side = "above" if z >= 0 else "below"
        distance = f"{abs(z):.1f} standard errors {side} the reference loss {reference}"
        return self.compare(z, self.z, f"{measured.title} {loss} is {distance} (limit {self.z:g})")
