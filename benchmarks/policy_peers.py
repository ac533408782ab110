"""Policies that only the benchmark knows: a detector of river on the course of the loss, and a probe at every batch."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from driftloop.monitoring.policies import Cost, Trigger
from driftloop.monitoring.policies.staleness import FRESH, staleness
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, Signals, Vote


class PageHinkley(Trigger):
    """river's Page-Hinkley test, fed again with the champion's losses at each check, in units of the reference loss.

    river's detectors are made for rows; a check sees batches, some dozens. So it starts after three of them, and half a
    reference loss is its threshold. ADWIN and KSWIN never fire on so few values, DDM wants right and wrong answers.
    """

    declares = frozenset({"loss", "checks", "retrains"})
    policy: Literal["page_hinkley"] = "page_hinkley"

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        from river import drift

        measured = signals.performance
        assert measured is not None
        losses = [check.loss for check in tenure(signals, history) if check.loss is not None]
        detector = drift.PageHinkley(min_instances=3, threshold=0.5, mode="up")
        for loss in [*losses, measured.loss]:
            detector.update(loss / measured.reference_loss)
        vote: Literal["fire", "hold"] = "fire" if detector.drift_detected else "hold"
        return Vote(policy=self.policy, vote=vote, reason=f"over {len(losses) + 1} losses")


class ProbeAlways(Trigger):
    """A probe at every batch, and a retrain when the measured debt reaches the cost: what the gate is measured by.

    With the full model's own loss for a probe, free of charge, it is the limit: perfect measurement without foresight.
    """

    declares = frozenset({"loss", "probe", "age", "learned", "checks", "retrains"})
    policy: Literal["probe_always"] = "probe_always"
    cost: Cost = Cost()

    def priced(self, retrain: float) -> Self:
        return self.model_copy(update={"cost": Cost(retrain=retrain)})

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        state = staleness(signals, history, 1)
        return state is not None and not state.measured and state.age >= FRESH

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        state = staleness(signals, history, 1)
        assert state is not None
        lost = (state.debt + state.gap) / (self.cost.retrain * state.unit)
        fires = state.measured and state.gap > 0 and lost >= 1
        return Vote(policy=self.policy, vote="fire" if fires else "hold", reason=f"{lost:.1f}x its cost lost")
