"""Base class of compositions: triggers whose members each return a vote."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote, changed

if TYPE_CHECKING:
    from driftloop.monitoring.policies import AnyTrigger


class Composition(Trigger):
    """A trigger over triggers. A composition may contain another one."""

    declares = frozenset()
    triggers: tuple[AnyTrigger, ...] = Field(min_length=1, description="triggers that are combined")

    @property
    def members(self) -> tuple[Trigger, ...]:
        return self.triggers

    def priced(self, retrain: float) -> Self:
        return changed(self, triggers=tuple(member.priced(retrain) for member in self.triggers))

    def count(self, needed: int, signals: Signals, history: History, now: datetime) -> Vote:
        """Return a vote that fires when `needed` members fire; it is not applicable if no member can judge."""
        votes = tuple(member.cast(signals, history, now) for member in self.triggers)
        fired = [vote for vote in votes if vote.vote == "fire"]
        reasons = "; ".join(f"{vote.reason} [{vote.policy}]" for vote in fired or votes)
        reason = f"{len(fired)} of {len(votes)} triggers fired, {needed} needed: {reasons}"
        if all(vote.vote == "not_applicable" for vote in votes):
            return changed(self.not_applicable(f"no trigger can judge: {reasons}", float(needed)), members=votes)
        return changed(self.compare(float(len(fired)), float(needed), reason), members=votes)
