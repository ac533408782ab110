"""What every policy is: a closed YAML section that looks at signals and history and casts one vote.

Pure: `now`, the history and all numbers are arguments. A policy that cannot judge says so and never fires.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar, Literal

from monitoring.config import Section
from monitoring.records import History, Signals, Vote


class Policy(Section, ABC):
    """One rule. Its fields are its YAML; `policy` is its name there and in every vote."""

    role: ClassVar[Literal["trigger", "guard"]]
    policy: str

    @abstractmethod
    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        """Cast a vote. Same arguments, same vote."""


class Trigger(Policy):
    """A rule that may ask for a retrain: fire, hold or not applicable."""

    role: ClassVar[Literal["trigger", "guard"]] = "trigger"

    def compare(self, observed: float, threshold: float, reason: str) -> Vote:
        """Fire at the threshold and above it."""
        vote: Literal["fire", "hold"] = "fire" if observed >= threshold else "hold"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)

    def not_applicable(self, why: str, threshold: float | None = None) -> Vote:
        return Vote(policy=self.policy, vote="not_applicable", threshold=threshold, reason=why)


class Guard(Policy):
    """A rule that may forbid a retrain: allow or veto."""

    role: ClassVar[Literal["trigger", "guard"]] = "guard"

    def require(self, observed: float, threshold: float, reason: str) -> Vote:
        """Allow at the threshold and above it."""
        vote: Literal["allow", "veto"] = "allow" if observed >= threshold else "veto"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)
