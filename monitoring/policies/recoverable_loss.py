"""Trigger: the expected gain from a retrain exceeds its cost."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from driftloop.monitoring.policies.base import PRICED, Cost, Trigger
from driftloop.monitoring.policies.staleness import FRESH, Staleness, staleness
from driftloop.monitoring.records import History, Signals, Vote, changed


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
    cost: Cost = Field(Cost(), description=PRICED)
    horizon: int = Field(6, ge=1, le=1000, description="number of batches in which a retrain must pay for itself")

    def priced(self, retrain: float) -> Self:
        return changed(self, cost=self.cost.priced(retrain))

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = staleness(signals, history, self.horizon)
        if state is None or state.measured:
            return False
        return state.uncalibrated or (state.age >= FRESH and state.gap > 0 and min(self._shares(state)) >= 1)

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = staleness(signals, history, self.horizon)
        if state is None:
            return self.not_applicable("no labeled rows yet, or the loss is 0 or not finite", 1.0)
        lost, gain = self._shares(state)
        fires = state.measured and state.gap > 0 and min(lost, gain) >= 1
        most = "" if state.measured else "at most "
        text = (
            f"staleness has cost {most}{lost:.1f} retrains so far; retraining should win back {most}{gain:.1f} "
            f"within {self.horizon} windows (limit 1 each)"
        )
        cost = f"; no backtest yet: a retrain counts as {self.cost.retrain:g} of the reference loss"
        return Vote(
            policy=self.policy,
            vote="fire" if fires else "hold",
            observed=min(lost, gain),
            threshold=1.0,
            reason=f"{'retrain' if fires else 'wait'}: {text}{state.explain(signals)}{'' if signals.learned else cost}",
        )

    def _shares(self, state: Staleness) -> tuple[float, float]:
        """Return what staleness has cost and the expected gain, in units of the cost of a retrain."""
        cost = self.cost.retrain
        return state.costs(state.debt + state.gap, cost), state.costs(state.gain, cost)
