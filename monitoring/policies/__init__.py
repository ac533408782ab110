"""The policies, one file each. To add one: write its file, import it here and put it into one of the two unions."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from driftloop.monitoring.policies.all_of import AllOf
from driftloop.monitoring.policies.any_of import AnyOf
from driftloop.monitoring.policies.at_least import AtLeast
from driftloop.monitoring.policies.auto_quantile import AutoQuantile
from driftloop.monitoring.policies.bad_data import BadData
from driftloop.monitoring.policies.base import Cost, Guard, Policy, Trigger
from driftloop.monitoring.policies.baselines import Always, Never
from driftloop.monitoring.policies.budget import Budget
from driftloop.monitoring.policies.cara import Cara
from driftloop.monitoring.policies.composition import Composition
from driftloop.monitoring.policies.cooldown import Cooldown
from driftloop.monitoring.policies.drift_share import DriftShare
from driftloop.monitoring.policies.enough_labels import EnoughLabels
from driftloop.monitoring.policies.enough_rows import EnoughRows
from driftloop.monitoring.policies.estimated_loss import EstimatedLoss
from driftloop.monitoring.policies.gated_probe_debt import GatedProbeDebt
from driftloop.monitoring.policies.k_of_n import KOfN
from driftloop.monitoring.policies.loss_cusum import LossCusum
from driftloop.monitoring.policies.loss_ztest import LossZTest
from driftloop.monitoring.policies.max_age import MaxAge
from driftloop.monitoring.policies.new_rows import NewRows
from driftloop.monitoring.policies.performance_drop import PerformanceDrop
from driftloop.monitoring.policies.periodic import Periodic
from driftloop.monitoring.policies.prediction_drift import PredictionDrift
from driftloop.monitoring.policies.recoverable_loss import RecoverableLoss
from driftloop.monitoring.policies.schedule import Schedule
from driftloop.monitoring.policies.slice_drop import SliceDrop
from driftloop.monitoring.policies.target_drift import TargetDrift

AnyTrigger = Annotated[
    AllOf
    | Always
    | AnyOf
    | AtLeast
    | AutoQuantile
    | Cara
    | DriftShare
    | EstimatedLoss
    | GatedProbeDebt
    | KOfN
    | LossCusum
    | LossZTest
    | MaxAge
    | Never
    | NewRows
    | PerformanceDrop
    | Periodic
    | PredictionDrift
    | RecoverableLoss
    | Schedule
    | SliceDrop
    | TargetDrift,
    Field(discriminator="policy"),
]
AnyGuard = Annotated[
    BadData | Budget | Cooldown | EnoughLabels | EnoughRows,
    Field(discriminator="policy"),
]

# Compositions contain any trigger, themselves included; the union exists only here.
for _composition in (Composition, AllOf, AnyOf, AtLeast, KOfN):
    _composition.model_rebuild(_types_namespace={"AnyTrigger": AnyTrigger})

POLICIES: dict[str, type[Policy]] = {
    policy.model_fields["policy"].default: policy
    for union in (AnyTrigger, AnyGuard)
    for policy in get_args(get_args(union)[0])
}
"""Every policy by its name in a YAML and in votes."""

__all__ = [
    "POLICIES",
    "AllOf",
    "Always",
    "AnyGuard",
    "AnyOf",
    "AnyTrigger",
    "AtLeast",
    "AutoQuantile",
    "BadData",
    "Budget",
    "Cara",
    "Cooldown",
    "Cost",
    "DriftShare",
    "EnoughLabels",
    "EnoughRows",
    "EstimatedLoss",
    "GatedProbeDebt",
    "Guard",
    "KOfN",
    "LossCusum",
    "LossZTest",
    "MaxAge",
    "Never",
    "NewRows",
    "PerformanceDrop",
    "Periodic",
    "Policy",
    "PredictionDrift",
    "RecoverableLoss",
    "Schedule",
    "SliceDrop",
    "TargetDrift",
    "Trigger",
]
