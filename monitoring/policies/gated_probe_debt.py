"""Trigger: the gap that probes have measured has added up to the cost of a retrain."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from monitoring.policies.base import Cost, Trigger
from monitoring.policies.staleness import Staleness, grown, staleness
from monitoring.records import History, Signals, Vote


class GatedProbeDebt(Trigger):
    """Fires when a probe finds a gap and the gaps added up since the last training, and the coming one, reach the cost.

    Learning debt (arXiv 2604.06438) on measured gaps, with the probe behind a gate: none is asked for while the debt
    cannot have reached the cost, by the growth of the gap that earlier probes have shown and by the rise of the loss.
    It does not ask whether a retrain pays off in the time to come: `recoverable_loss` does.
    """

    policy: Literal["gated_probe_debt"] = "gated_probe_debt"
    cost: Cost = Cost()

    def priced(self, retrain: float) -> Self:
        unset = "cost" not in self.model_fields_set
        return self.model_copy(update={"cost": Cost(retrain=retrain)}) if unset else self

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = self._state(signals, history)
        if state is None or state.measured or state.age <= 0:
            return False
        return state.gap > 0 and state.debt + state.gap >= self.cost.retrain * state.unit

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = self._state(signals, history)
        if state is None or state.unit <= 0:
            return self.not_applicable("no labelled rows yet, or a loss that is zero or not finite", 1.0)
        lost = (state.debt + state.gap) / (self.cost.retrain * state.unit)
        fires = state.measured and state.gap > 0 and lost >= 1
        told = f"{lost:.1f}x its cost {'lost' if state.measured else 'at most lost, no probe yet'}"
        return Vote(
            policy=self.policy,
            vote="fire" if fires else "hold",
            observed=lost,
            threshold=1.0,
            reason=f"{'retrain' if fires else 'wait'}: {told} since the last training",
        )

    def _state(self, signals: Signals, history: History) -> Staleness | None:
        return staleness(signals, history, 1, grown(signals, history))
