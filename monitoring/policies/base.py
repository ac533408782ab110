"""What every policy is: a closed YAML section that looks at signals and history and casts one vote.

Pure: `now`, the history and all numbers are arguments. A policy that cannot judge is not applicable and never fires.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from driftloop.monitoring.records import Estimate, History, Performance, Role, Signal, Signals, Vote
from driftloop.monitoring.settings.section import Section


class Policy(Section, ABC):
    """One rule. Its fields are its YAML; `policy` is its name there and in every vote.

    `declares` is all that the class may look at, its members left aside. Events, the site and backtests depend on it,
    so a policy without it is refused when its class is made. `observes` is the field of a `Check` that the thresholds
    of its votes are limits of, where there is one.
    """

    role: ClassVar[Literal["trigger", "guard"]]
    declares: ClassVar[frozenset[Signal]]
    observes: ClassVar[str | None] = None
    policy: str

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "judge" in vars(cls) and not hasattr(cls, "declares"):
            raise TypeError(f"{cls.__name__} must declare what it reads: declares = frozenset({{...}}), see Signal")

    @property
    def members(self) -> tuple[Policy, ...]:
        """The policies that this one sums up; none but in a composition."""
        return ()

    @property
    def reads(self) -> frozenset[Signal]:
        """What it looks at, its members included."""
        return self.declares.union(*(member.reads for member in self.members))

    @abstractmethod
    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        """Cast a vote. Same arguments, same vote."""

    @property
    def rule(self) -> str:
        """The policy with the parameters that it was given, in one line: what its past votes are found by."""
        return f"{self.policy}({_fields(self)})"

    def priced(self, retrain: float) -> Self:
        """The same policy; one that weighs costs and was given none takes a retrain to cost so much."""
        return self


def _fields(section: Section) -> str:
    """The fields that were given, as `name=value`.

    >>> _fields(Cost(retrain=0.25))
    'retrain=0.25'
    """
    given = [name for name in type(section).model_fields if name in section.model_fields_set and name != "policy"]
    return ", ".join(f"{name}={_text(getattr(section, name))}" for name in given)


def _text(value: Any) -> str:
    """A value of a field; a nested policy is its rule, however it was made."""
    if isinstance(value, Policy):
        return value.rule
    if isinstance(value, Section):
        return f"({_fields(value)})"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(one) for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


# With a lower cost a retrain always pays, with a higher one never.
LOWEST_COST, HIGHEST_COST = 1e-6, 1e6


class Cost(Section):
    """Cost as a fraction of one batch's loss: the mean loss of a fresh model on the rows of one check."""

    retrain: float = Field(
        0.2, ge=LOWEST_COST, le=HIGHEST_COST, description="cost of one retrain; 0.2 is a fifth of one batch's loss"
    )


class Trigger(Policy):
    """A rule that may ask for a retrain: fire, hold or not applicable."""

    role: ClassVar[Literal["trigger", "guard"]] = "trigger"

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        """Return whether a probe would help this rule to judge; it will find it in `signals.probe`."""
        members = (member for member in self.members if isinstance(member, Trigger))
        return any(member.wants_probe(signals, history, now) for member in members)

    def compare(self, observed: float, threshold: float, reason: str) -> Vote:
        """Fire at the threshold and above it."""
        vote: Literal["fire", "hold"] = "fire" if observed >= threshold else "hold"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)

    def drifted(self, role: Role, signals: Signals) -> Vote:
        """Fire when the one column of this role drifted, by its own method and threshold."""
        score = next((score for score in signals.scores if score.role == role), None)
        if score is None:
            return self.not_applicable(f"the {role} could not be scored")
        vote: Literal["fire", "hold"] = "fire" if score.drifted else "hold"
        reason = f"the {role} {'drifted' if score.drifted else 'did not drift'}"
        told = f"{reason} ({score.method} {score.score:.3g}, limit {score.threshold:.3g})"
        return Vote(policy=self.policy, vote=vote, observed=score.score, threshold=score.threshold, reason=told)

    def risen(self, seen: Performance | Estimate, limit: float, *, named: str) -> Vote:
        """Fire when a loss rose by at least `limit` of the reference's, and not by chance alone.

        By chance, at 5 %, is a rise whose interval still reaches the reference loss. The loss is a number.
        """
        assert seen.rise is not None
        assert seen.low is not None
        change = f"{abs(seen.rise):.1%} {'above' if seen.rise >= 0 else 'below'}"
        said = f"{named} {seen.loss:.4g} is {change} the reference's {seen.reference_loss:.4g}"
        if seen.rise >= limit and seen.low <= seen.reference_loss:
            told = f"{said}, but its 95 % interval ({seen.low:.4g} to {seen.high:.4g}) reaches the reference"
            return Vote(policy=self.policy, vote="hold", observed=seen.rise, threshold=limit, reason=told)
        return self.compare(seen.rise, limit, f"{said} (limit {limit:.0%})")

    def not_applicable(self, why: str, threshold: float | None = None) -> Vote:
        return Vote(policy=self.policy, vote="not_applicable", threshold=threshold, reason=why)


class Guard(Policy):
    """A rule that may forbid a retrain: allow or veto."""

    role: ClassVar[Literal["trigger", "guard"]] = "guard"

    def require(self, observed: float, threshold: float, reason: str) -> Vote:
        """Allow at the threshold and above it."""
        vote: Literal["allow", "veto"] = "allow" if observed >= threshold else "veto"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)
