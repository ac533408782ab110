"""Base classes of policies: a closed YAML section that reads signals and history and returns one vote.

Pure: `now`, the history and all numbers are arguments. A policy that cannot judge is not applicable and never fires.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from driftloop.monitoring.records import Estimate, History, Performance, Role, Signal, Signals, Vote, changed, figure
from driftloop.monitoring.settings.section import Section


class Policy(Section, ABC):
    """One rule. Its fields are its YAML; `policy` is its name there and in every vote.

    `declares` is all that the class itself may read, without its members. Events, the site and backtests depend on it,
    so the definition of a class without it fails. `observes` is the field of a `Check` that the thresholds of its votes
    limit, if there is one. `averages_scores`: it takes a mean of drift scores, which all have to rise with drift.
    `in_percent`: the observed value and the threshold of its votes are shares, which pages show in percent.
    """

    role: ClassVar[Literal["trigger", "guard"]]
    declares: ClassVar[frozenset[Signal]]
    observes: ClassVar[str | None] = None
    averages_scores: ClassVar[bool] = False
    in_percent: ClassVar[bool] = False
    policy: str

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "judge" in vars(cls) and not hasattr(cls, "declares"):
            raise TypeError(f"{cls.__name__} must declare what it reads: declares = frozenset({{...}}), see Signal")

    @property
    def members(self) -> tuple[Policy, ...]:
        """Return the policies that a composition combines; empty for any other policy."""
        return ()

    @property
    def reads(self) -> frozenset[Signal]:
        """Return the signals that the policy and its members read."""
        return self.declares.union(*(member.reads for member in self.members))

    @abstractmethod
    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        """Return a vote; the same arguments return the same vote."""

    @property
    def metrics(self) -> frozenset[str]:
        """The names of the metrics that it reads, its members included."""
        return frozenset[str]().union(*(member.metrics for member in self.members))

    @property
    def averages(self) -> bool:
        """Whether it averages drift scores of several columns, its members included."""
        return self.averages_scores or any(member.averages for member in self.members)

    @property
    def rule(self) -> str:
        """Return the policy with its explicit parameters in one line: the key of its past votes."""
        return f"{self.policy}({_fields(self)})"

    def priced(self, retrain: float) -> Self:
        """Return the policy; one that uses a cost and has none set takes `retrain` as the cost of a retrain."""
        return self


def _fields(section: Section) -> str:
    """Return the fields that were set, as `name=value`.

    >>> _fields(Cost(retrain=0.25))
    'retrain=0.25'
    """
    names = [name for name in type(section).model_fields if name in section.model_fields_set and name != "policy"]
    return ", ".join(f"{name}={_text(getattr(section, name))}" for name in names)


def _text(value: Any) -> str:
    """Return a value of a field as text; a nested policy is its rule."""
    if isinstance(value, Policy):
        return value.rule
    if isinstance(value, Section):
        return f"({_fields(value)})"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


# With a lower cost a retrain always pays, with a higher one never.
LOWEST_COST, HIGHEST_COST = 1e-6, 1e6


class Cost(Section):
    """Cost as a fraction of one batch's loss: the mean loss of a fresh model on the rows of one check."""

    retrain: float = Field(
        0.2, ge=LOWEST_COST, le=HIGHEST_COST, description="cost of one retrain; 0.2 is a fifth of one batch's loss"
    )
    recalibrate: float | None = Field(
        None,
        ge=LOWEST_COST,
        le=HIGHEST_COST,
        description="cost of one recalibration of the champion, such as 0.01; it is then tried before a retrain. "
        "Never without a cost",
    )

    def priced(self, retrain: float) -> Self:
        """Return the cost with this price of a retrain, if none was set."""
        return self if "retrain" in self.model_fields_set else changed(self, retrain=retrain)


PRICED = (
    "`{retrain: 0.2}`: cost of one retrain, as a fraction of one batch's loss; with `recalibrate: 0.01` a "
    "recalibration of the champion, at that cost, is tried first"
)

# Signals that only a training or a backtest measures.
OF_TRAINING: frozenset[Signal] = frozenset({"probe", "learned"})


class Trigger(Policy):
    """A rule that may request a retrain: fire, hold or not applicable."""

    role: ClassVar[Literal["trigger", "guard"]] = "trigger"

    def cast(self, signals: Signals, history: History, now: datetime) -> Vote:
        """Return the vote; not applicable if the rule needs a training, and the model is trained elsewhere."""
        if not signals.trains and self.declares & OF_TRAINING:
            return self.not_applicable("it needs a training, and the model is trained elsewhere (`training: none`)")
        return self.judge(signals, history, now)

    def wants_probe(self, signals: Signals, history: History, now: datetime) -> bool:
        """Return whether this rule needs a probe to judge; `signals.probe` then holds its result."""
        members = (member for member in self.members if isinstance(member, Trigger))
        return any(member.wants_probe(signals, history, now) for member in members)

    def compare(self, observed: float, threshold: float, reason: str) -> Vote:
        """Return a vote that fires at the threshold and above it."""
        vote: Literal["fire", "hold"] = "fire" if observed >= threshold else "hold"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)

    def drifted(self, role: Role, signals: Signals) -> Vote:
        """Return a vote that fires when the column of this role drifted, by its method and threshold."""
        score = next((score for score in signals.scores if score.role == role), None)
        if score is None:
            return self.not_applicable(f"the {role} has no drift score")
        vote: Literal["fire", "hold"] = "fire" if score.drifted else "hold"
        change = f"the {role} {'drifted' if score.drifted else 'did not drift'}"
        reason = f"{change} ({score.method} {figure(score.score)}, limit {figure(score.threshold)})"
        return Vote(policy=self.policy, vote=vote, observed=score.score, threshold=score.threshold, reason=reason)

    def risen(self, result: Performance | Estimate, limit: float, *, name: str) -> Vote:
        """Return a vote that fires when a loss rose significantly, by at least `limit` of the reference loss.

        Significantly, at 5%, means that the 95% CI is above the reference loss. The result has a loss.
        """
        assert result.loss is not None
        assert result.rise is not None
        assert result.low is not None
        assert result.high is not None
        change = f"{abs(result.rise):.1%} {'above' if result.rise >= 0 else 'below'}"
        text = f"{name} {figure(result.loss)} is {change} the reference loss {figure(result.reference_loss)}"
        if result.rise >= limit and result.low <= result.reference_loss:
            interval = f"{figure(result.low)} to {figure(result.high)}"
            reason = f"{text}, but not significantly: its 95% CI ({interval}) includes the reference loss"
            return Vote(policy=self.policy, vote="hold", observed=result.rise, threshold=limit, reason=reason)
        return self.compare(result.rise, limit, f"{text} (limit {limit:.0%})")

    def not_applicable(self, reason: str, threshold: float | None = None) -> Vote:
        return Vote(policy=self.policy, vote="not_applicable", threshold=threshold, reason=reason)


class Guard(Policy):
    """A rule that may forbid a retrain: allow or veto."""

    role: ClassVar[Literal["trigger", "guard"]] = "guard"

    def require(self, observed: float, threshold: float, reason: str) -> Vote:
        """Return a vote that allows at the threshold and above it."""
        vote: Literal["allow", "veto"] = "allow" if observed >= threshold else "veto"
        return Vote(policy=self.policy, vote=vote, observed=observed, threshold=threshold, reason=reason)
