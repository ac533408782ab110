"""The policies, one file each. To add one: write its file, import it here and put it into one of the two unions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitoring.policies.base import Guard, Policy, Trigger
from monitoring.policies.baselines import Always, Never
from monitoring.policies.cooldown import Cooldown
from monitoring.policies.drift_share import DriftShare
from monitoring.policies.enough_labels import EnoughLabels
from monitoring.policies.estimated_loss import EstimatedLoss
from monitoring.policies.max_age import MaxAge
from monitoring.policies.performance_drop import PerformanceDrop

AnyTrigger = Annotated[
    DriftShare | PerformanceDrop | EstimatedLoss | MaxAge | Never | Always, Field(discriminator="policy")
]
AnyGuard = Annotated[Cooldown | EnoughLabels, Field(discriminator="policy")]

__all__ = [
    "Always",
    "AnyGuard",
    "AnyTrigger",
    "Cooldown",
    "DriftShare",
    "EnoughLabels",
    "EstimatedLoss",
    "Guard",
    "MaxAge",
    "Never",
    "PerformanceDrop",
    "Policy",
    "Trigger",
]
