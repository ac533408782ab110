"""Trigger: its member fired in `k` of the last `n` checks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, Signals, Vote, changed
from driftloop.monitoring.settings.limits import MOST_CHECKS

if TYPE_CHECKING:
    from driftloop.monitoring.policies import AnyTrigger


class KOfN(Trigger):
    """Fires when its `trigger` fired in at least `k` of the last `n` checks since the last retrain, including this one.

    Hysteresis, as in alarms of monitoring systems ("3 out of 5 data points"): one bad batch does not fire. Past votes
    are read from the ledger by policy and parameters: changing a rule resets its history.
    """

    declares = frozenset({"checks", "retrains"})
    policy: Literal["k_of_n"] = "k_of_n"
    k: int = Field(2, ge=1, le=MOST_CHECKS, description="number of checks in which it must fire")
    n: int = Field(3, ge=1, le=MOST_CHECKS, description="number of checks that count")
    trigger: AnyTrigger = Field(description="trigger that is repeated")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.k > self.n:
            raise ValidationProblem(f"k up to n, {self.n}", key="k", found=str(self.k))
        return self

    @property
    def members(self) -> tuple[Trigger, ...]:
        return (self.trigger,)

    def priced(self, retrain: float) -> Self:
        return changed(self, trigger=self.trigger.priced(retrain))

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        rule = self.trigger.rule
        vote = changed(self.trigger.cast(signals, history, now), rule=rule)
        past = tenure(signals, history)[-(self.n - 1) :] if self.n > 1 else ()
        fired = sum(rule in check.fired for check in past) + (vote.vote == "fire")
        current = f"this check: {vote.reason} [{vote.policy}]"
        reason = f"{fired} of the last {self.n} checks fired, {self.k} needed; {current}"
        if vote.vote == "not_applicable":
            result = self.not_applicable(vote.reason, float(self.k))
        elif vote.vote == "hold":
            # A cause that has ended is not a reason to retrain, regardless of how often it fired.
            result = Vote(
                policy=self.policy, vote="hold", observed=float(fired), threshold=float(self.k), reason=reason
            )
        else:
            result = self.compare(float(fired), float(self.k), reason)
        return changed(result, members=(vote,))
