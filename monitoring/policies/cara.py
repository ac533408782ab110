"""Trigger: the staleness of the champion has added up to the cost of a retrain."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from driftloop.monitoring.policies.base import PRICED, Cost, Trigger
from driftloop.monitoring.policies.tenure import since_cure
from driftloop.monitoring.records import History, Signals, Vote, changed, figure


class Cara(Trigger):
    """Fires when the rises of the loss above the reference loss, added up since the last retrain, reach the cost.

    They are added up since the last recalibration, if that was later. Cara-CT, cumulative staleness with a threshold
    (Mahadevan & Mathioudakis 2023, arXiv 2310.04216). The threshold is the cost of a retrain, as in theory, instead of
    a value searched offline. A hard week counts as staleness; `recoverable_loss` measures whether a fresh model would
    be better.
    """

    declares = frozenset({"loss", "learned", "checks", "retrains"})
    policy: Literal["cara"] = "cara"
    cost: Cost = Field(Cost(), description=PRICED)

    def priced(self, retrain: float) -> Self:
        return changed(self, cost=self.cost.priced(retrain))

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        measured = signals.performance
        if measured is None or not math.isfinite(measured.reference_loss):
            return self.not_applicable("no labeled rows yet, or the reference loss is not finite")
        unit = signals.learned.batch_loss if signals.learned else measured.reference_loss
        limit = self.cost.retrain * unit
        past = [check.loss for check in since_cure(signals, history) if check.loss is not None]
        staleness = sum(max(0.0, loss - measured.reference_loss) for loss in [*past, measured.loss])
        if limit <= 0:
            return self.not_applicable("the reference loss is 0, so the cost of a retrain is undefined")
        excess = f"excess of {measured.title} over the reference loss: {figure(staleness)}"
        reason = f"{excess}, added up over {len(past) + 1} checks (a retrain costs {figure(limit)})"
        return self.compare(staleness, limit, reason)
