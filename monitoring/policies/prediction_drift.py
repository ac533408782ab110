"""Trigger: the predictions have drifted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote


class PredictionDrift(Trigger):
    """Fires when the distribution of the predictions drifted from the reference.

    One column that summarizes all inputs as the model uses them, available without labels. Black-box shift detection:
    Lipton et al., ICML 2018; Failing Loudly, NeurIPS 2019. Seasons move predictions too, so it is more a reason to look
    than to retrain.
    """

    declares = frozenset({"prediction_drift"})
    policy: Literal["prediction_drift"] = "prediction_drift"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.drifted("prediction", signals)
