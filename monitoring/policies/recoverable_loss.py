"""Trigger: what a fresh model would win back is worth a retrain."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from monitoring.policies.base import Cost, Trigger
from monitoring.policies.staleness import staleness
from monitoring.records import History, Signals, Vote


class RecoverableLoss(Trigger):
    """Fires when the champion has lost a retrain's cost, and a retrain would win more than that back.

    Watched for free: the last measured gap, plus the larger of the ageing that a backtest has shown and the rise of
    the loss since. Only when that could be worth a retrain is a probe asked for, a small challenger that measures the
    gap. It fires when the gap is positive, the gaps added up since the last training and the coming one reach the cost,
    and so does what can be won back in the next `horizon` batches, the new model's own ageing included.
    """

    policy: Literal["recoverable_loss"] = "recoverable_loss"
    cost: Cost = Cost()
    horizon: int = Field(6, ge=1, description="batches that a retrain has to pay off in")

    def priced(self, retrain: float) -> Self:
        unset = "cost" not in self.model_fields_set
        return self.model_copy(update={"cost": Cost(retrain=retrain)}) if unset else self

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = staleness(signals, history, self.horizon)
        if state is None or state.measured or state.age <= 0:
            return False
        cost = self.cost.retrain * state.unit
        return state.gap > 0 and state.debt + state.gap >= cost and state.winnable >= cost

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = staleness(signals, history, self.horizon)
        if state is None or state.unit <= 0:
            return self.not_applicable("no labelled rows yet, or a loss that is zero or not finite", 1.0)
        cost = self.cost.retrain * state.unit
        lost, won = (state.debt + state.gap) / cost, state.winnable / cost
        observed = min(lost, won)
        told = f"{lost:.1f}x its cost already lost, {won:.1f}x can be won back in {self.horizon} batches"
        if state.measured and state.gap > 0 and observed >= 1:
            return Vote(policy=self.policy, vote="fire", observed=observed, threshold=1.0, reason=f"retrain: {told}")
        return Vote(policy=self.policy, vote="hold", observed=observed, threshold=1.0, reason=f"wait: {told}")
