"""Trigger: the gap that probes have measured has added up to the cost of a retrain."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from driftloop.monitoring.policies.base import PRICED, Cost, Trigger
from driftloop.monitoring.policies.staleness import FRESH, Staleness, staleness
from driftloop.monitoring.records import History, Signals, Vote, changed


class GatedProbeDebt(Trigger):
    """Fires when a probe finds a gap, and the gaps since the last retrain plus the next one reach the cost.

    Learning debt (arXiv 2604.06438) on measured gaps. No probe is requested while the debt cannot have reached the
    cost, judged by the growth of the gap in earlier probes and by the rise of the loss. It does not estimate whether a
    retrain pays in the future; `recoverable_loss` does.
    """

    declares = frozenset({"loss", "probe", "age", "learned", "checks", "retrains"})
    policy: Literal["gated_probe_debt"] = "gated_probe_debt"
    cost: Cost = Field(Cost(), description=PRICED)

    def priced(self, retrain: float) -> Self:
        return changed(self, cost=self.cost.priced(retrain))

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = staleness(signals, history, 1, straight=True)
        if state is None or state.measured:
            return False
        return state.uncalibrated or (state.age >= FRESH and state.gap > 0 and self._lost(state) >= 1)

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = staleness(signals, history, 1, straight=True)
        if state is None:
            return self.not_applicable("no labeled rows yet, or the loss is 0 or not finite", 1.0)
        lost = self._lost(state)
        fires = state.measured and state.gap > 0 and lost >= 1
        most = "" if state.measured else "at most "
        text = f"staleness has cost {most}{lost:.1f} retrains since the last training (limit 1)"
        return Vote(
            policy=self.policy,
            vote="fire" if fires else "hold",
            observed=lost,
            threshold=1.0,
            reason=f"{'retrain' if fires else 'wait'}: {text}{state.explain(signals)}",
        )

    def _lost(self, state: Staleness) -> float:
        """Return what staleness has cost, in units of the cost of a retrain."""
        return state.costs(state.debt + state.gap, self.cost.retrain)
