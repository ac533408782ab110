"""Trigger: the staleness of the champion has added up to the cost of a retrain."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from driftloop.monitoring.policies.base import Cost, Trigger
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, Signals, Vote, changed


class Cara(Trigger):
    """Fires when the rises of the loss above the reference loss, added up since the last retrain, reach the cost.

    Cara-CT, cumulative staleness with a threshold (Mahadevan & Mathioudakis 2023, arXiv 2310.04216). The threshold is
    the cost of a retrain, as in theory, instead of a value searched offline. A hard week counts as staleness;
    `recoverable_loss` measures whether a fresh model would be better.
    """

    declares = frozenset({"loss", "learned", "checks", "retrains"})
    policy: Literal["cara"] = "cara"
    cost: Cost = Field(Cost(), description="`{retrain: 0.2}`: cost of one retrain, as a fraction of one batch's loss")

    def priced(self, retrain: float) -> Self:
        unset = "cost" not in self.model_fields_set
        return changed(self, cost=Cost(retrain=retrain)) if unset else self

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        seen = signals.performance
        if seen is None or not math.isfinite(seen.reference_loss):
            return self.not_applicable("no labelled rows yet, or a reference loss that is not finite")
        unit = signals.learned.batch_loss if signals.learned else seen.reference_loss
        limit = self.cost.retrain * unit
        past = [check.loss for check in tenure(signals, history) if check.loss is not None]
        stale = sum(max(0.0, loss - seen.reference_loss) for loss in [*past, seen.loss])
        told = f"{seen.loss_name} over the reference's added up to {stale:.4g} in {len(past) + 1} checks"
        if limit <= 0:
            return self.not_applicable("a loss of zero has no share that a retrain could cost")
        return self.compare(stale, limit, f"{told} (a retrain costs {limit:.4g})")
