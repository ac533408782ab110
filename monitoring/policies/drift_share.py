"""Trigger: too many features have drifted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signal, Signals, Vote


class DriftShare(Trigger):
    """Fires when the share of drifted features reaches `threshold`.

    The data set rule of Evidently and most other tools. Input drift is a poor predictor of the gain from a retrain: use
    this policy if labels arrive too late to measure the loss. With `weighted` each feature counts by its importance to
    the champion, so that drift of unimportant features has little effect.
    """

    declares = frozenset({"drift", "importance"})
    in_percent = True
    observes = "drift_share"
    policy: Literal["drift_share"] = "drift_share"
    threshold: float = Field(0.5, gt=0, le=1, description="share of drifted features")
    weighted: bool = Field(False, description="weight features by their importance to the champion")

    @property
    def reads(self) -> frozenset[Signal]:
        return self.declares if self.weighted else self.declares - {"importance"}

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        features = [score for score in signals.scores if score.role == "feature"]
        if not features:
            return self.not_applicable("no feature has a drift score", self.threshold)
        weights = dict.fromkeys((score.name for score in features), 1.0)
        if self.weighted:
            if signals.importance is None:
                return self.not_applicable("the champion has no feature importance", self.threshold)
            weights = {name: max(0.0, signals.importance.get(name, 0.0)) for name in weights}
            if not any(weights.values()):
                return self.not_applicable("every scored feature has importance 0 to the champion", self.threshold)
        drifted = [score.name for score in features if score.drifted]
        share = sum(weights[name] for name in drifted) / sum(weights.values())
        basis = " of the importance" if self.weighted else ""
        reason = f"{len(drifted)} of {len(features)} features drifted ({share:.0%}{basis}, limit {self.threshold:.0%})"
        return self.compare(share, self.threshold, reason)
