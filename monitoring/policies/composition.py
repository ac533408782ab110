"""What the compositions share: members of which each casts its own vote. No policy by itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote, changed

if TYPE_CHECKING:
    from driftloop.monitoring.policies import AnyTrigger


class Composition(Trigger):
    """A trigger over triggers. A composition may stand within another one."""

    declares = frozenset()
    triggers: tuple[AnyTrigger, ...] = Field(min_length=1, description="triggers that are combined")

    @property
    def members(self) -> tuple[Trigger, ...]:
        return self.triggers

    def priced(self, retrain: float) -> Self:
        return changed(self, triggers=tuple(member.priced(retrain) for member in self.triggers))

    def count(self, needed: int, signals: Signals, history: History, now: datetime) -> Vote:
        """Fire when so many members do. A composition of which no member can judge is not applicable."""
        votes = tuple(member.judge(signals, history, now) for member in self.triggers)
        fired = [vote for vote in votes if vote.vote == "fire"]
        told = "; ".join(f"{vote.reason} [{vote.policy}]" for vote in fired or votes)
        reason = f"{len(fired)} of {len(votes)} fired, {needed} needed: {told}"
        if all(vote.vote == "not_applicable" for vote in votes):
            return changed(self.not_applicable(f"no member can judge: {told}", float(needed)), members=votes)
        return changed(self.compare(float(len(fired)), float(needed), reason), members=votes)
