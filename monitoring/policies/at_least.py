"""Trigger: at least `k` of its members fire in one check."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.policies.composition import Composition
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_CHECKS


class AtLeast(Composition):
    """Fires when at least `k` of its `triggers` fire: a majority vote of drift detectors.

    Ensembles of detectors are wrong less often than their members (DDE: Maciel et al., ICTAI 2015).
    """

    policy: Literal["at_least"] = "at_least"
    k: int = Field(2, ge=1, le=MOST_CHECKS, description="number of triggers that must fire")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.k > len(self.triggers):
            raise ValidationProblem(f"k up to the number of triggers, {len(self.triggers)}", key="k", found=str(self.k))
        return self

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        return self.count(self.k, signals, history, now)
