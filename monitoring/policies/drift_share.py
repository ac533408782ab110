"""Trigger: too many of the features have drifted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from monitoring.policies.base import Trigger
from monitoring.records import History, Signals, Vote


class DriftShare(Trigger):
    """Fires when the share of drifted features reaches `threshold`.

    The data-set rule of Evidently and most others. Input drift says little about what a retrain would win: use it
    where labels come too late to measure the loss.
    """

    policy: Literal["drift_share"] = "drift_share"
    threshold: float = Field(0.5, gt=0, le=1, description="share of the features")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        share = signals.drift_share
        if share is None:
            return self.not_applicable("no feature could be scored", self.threshold)
        features = [score for score in signals.scores if score.role == "feature"]
        drifted = sum(score.drifted for score in features)
        return self.compare(
            share,
            self.threshold,
            f"{drifted} of {len(features)} features drifted ({share:.0%}, limit {self.threshold:.0%})",
        )
