"""Trigger: what a fresh model would win back is worth a retrain."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from driftloop.monitoring.policies.base import Cost, Trigger
from driftloop.monitoring.policies.staleness import FRESH, Staleness, staleness
from driftloop.monitoring.records import History, Signals, Vote, changed

NO_BACKTEST = " (no backtest so far: in units of the reference loss)"


class RecoverableLoss(Trigger):
    """Fires when staleness has cost as much as a retrain, and a retrain should gain more than it costs.

    Watched at no cost: the last measured gap, plus the larger of two amounts since then: the aging known from the
    backtest and later probes, and the rise of the loss. Only if that could pay for a retrain, a probe is requested: a
    small challenger that measures the gap. The policy fires when the gap is positive, the gaps since the last retrain
    plus the next one reach the cost, and the expected gain over the next `horizon` batches does too, including the
    aging of the new model. Based on the learning debt of arXiv 2604.06438 and the rent-or-buy argument of Cara (arXiv
    2310.04216).

    Without a backtest the cost of one batch equals the reference loss, no aging is expected before a probe has shown
    it, and the first probes next to a fresh champion measure the probe bias.
    """

    declares = frozenset({"loss", "probe", "age", "learned", "checks", "retrains"})
    policy: Literal["recoverable_loss"] = "recoverable_loss"
    cost: Cost = Field(Cost(), description="`{retrain: 0.2}`: cost of one retrain, as a fraction of one batch's loss")
    horizon: int = Field(6, ge=1, le=1000, description="number of batches in which a retrain must pay for itself")

    def priced(self, retrain: float) -> Self:
        unset = "cost" not in self.model_fields_set
        return changed(self, cost=Cost(retrain=retrain)) if unset else self

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = staleness(signals, history, self.horizon)
        if state is None or state.measured:
            return False
        return state.uncalibrated or (state.age >= FRESH and state.gap > 0 and min(self._shares(state)) >= 1)

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = staleness(signals, history, self.horizon)
        if state is None:
            return self.not_applicable("no labelled rows yet, or a loss that is zero or not finite", 1.0)
        lost, won = self._shares(state)
        fires = state.measured and state.gap > 0 and min(lost, won) >= 1
        most = "" if state.measured else "at most "
        told = f"{most}{lost:.1f}x its cost already lost, {most}{won:.1f}x can be won back in {self.horizon} batches"
        return Vote(
            policy=self.policy,
            vote="fire" if fires else "hold",
            observed=min(lost, won),
            threshold=1.0,
            reason=f"{'retrain' if fires else 'wait'}: {told}{state.explain(signals)}"
            + ("" if signals.learned else NO_BACKTEST),
        )

    def _shares(self, state: Staleness) -> tuple[float, float]:
        """What was lost and what can be won, in units of the cost of a retrain."""
        cost = self.cost.retrain
        return state.costs(state.debt + state.gap, cost), state.costs(state.winnable, cost)
