"""Trigger: the staleness of the champion has added up to the cost of a retrain."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal, Self

from driftloop.monitoring.policies.base import Cost, Trigger
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, Signals, Vote, changed


class Cara(Trigger):
    """Fires when the rise of the loss over the reference's, added up since the last training, reaches the cost.

    Cara-CT, cumulative staleness against a threshold (Mahadevan & Mathioudakis 2023, arXiv 2310.04216), with the
    threshold where theory puts it, at the cost of a retrain, instead of being searched for offline. A hard week counts
    as staleness: `recoverable_loss` looks whether a fresh model would do better.
    """

    declares = frozenset({"loss", "learned", "checks", "retrains"})
    policy: Literal["cara"] = "cara"
    cost: Cost = Cost()

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
