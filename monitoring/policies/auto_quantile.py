"""Trigger: the drift is larger than usual for this model."""

from __future__ import annotations

from datetime import datetime
from statistics import fmean
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote, figure
from driftloop.monitoring.settings.limits import MOST_CHECKS


class AutoQuantile(Trigger):
    """Fires when the mean score of the features is above the `quantile` of its last `window` checks.

    Modyn's AutoDrift with a dynamic quantile threshold (Böther et al., SIGMOD 2025, arXiv 2312.06254), which needs no
    threshold in units of a distance. Not applicable before `warm_up` checks. A score equal to the quantile holds;
    otherwise a constant distance would fire each time. Features scored by p-values are refused in the config.
    """

    declares = frozenset({"drift", "checks"})
    averages_scores = True
    policy: Literal["auto_quantile"] = "auto_quantile"
    quantile: float = Field(0.95, gt=0, lt=1, description="quantile of the earlier mean scores")
    window: int = Field(15, ge=2, le=MOST_CHECKS, description="number of past checks to compare with")
    warm_up: int = Field(
        8, ge=2, le=MOST_CHECKS, description="minimum number of past checks; with fewer not applicable"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        features = [score.score for score in signals.scores if score.role == "feature"]
        if not features:
            return self.not_applicable("no feature has a drift score")
        past = [check.distance for check in history.checks if check.distance is not None][-self.window :]
        if len(past) < min(self.warm_up, self.window):
            return self.not_applicable(f"{len(past)} checks with drift scores so far, {self.warm_up} needed")
        distance, limit = fmean(features), _quantile(past, self.quantile)
        side = "above" if distance > limit else "not above"
        reason = (
            f"mean drift score {figure(distance)} is {side} {figure(limit)}, "
            f"the {self.quantile:.0%} quantile of the last {len(past)} checks"
        )
        vote: Literal["fire", "hold"] = "fire" if distance > limit else "hold"
        return Vote(policy=self.policy, vote=vote, observed=distance, threshold=limit, reason=reason)


def _quantile(values: list[float], share: float) -> float:
    """Return a quantile, linear between the order statistics, as numpy does.

    >>> _quantile([3.0, 1.0, 2.0], 0.75)
    2.5
    """
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
