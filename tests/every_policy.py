"""An example of every policy, for the laws that all of them keep."""

from __future__ import annotations

import typing

from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Policy

# Every policy with the least that its YAML needs. A new one is added here, or `test_every_policy_is_tried` fails.
HALF_DRIFTED = {"policy": "drift_share", "threshold": 0.5}
WORSE_LOSS = {"policy": "performance_drop", "max_rise": 0.25}
EXAMPLES: dict[str, dict[str, object]] = {
    "any_of": {"triggers": [HALF_DRIFTED, WORSE_LOSS]},
    "all_of": {"triggers": [HALF_DRIFTED, WORSE_LOSS]},
    "at_least": {"k": 2, "triggers": [HALF_DRIFTED, WORSE_LOSS, {"policy": "never"}]},
    "k_of_n": {"k": 1, "n": 3, "trigger": HALF_DRIFTED},
    "auto_quantile": {"warm_up": 3},
    "cara": {"cost": {"retrain": 0.25}},
    "gated_probe_debt": {"cost": {"retrain": 0.25}},
    "loss_cusum": {"threshold": 4},
    "loss_ztest": {"z": 3},
    "new_rows": {"rows": 1000},
    "periodic": {"every": 3},
    "prediction_drift": {},
    "recoverable_loss": {"cost": {"retrain": 0.25}},
    "schedule": {"every": "month"},
    "slice_drop": {"max_rise": 0.25},
    "target_drift": {},
    "bad_data": {},
    "budget": {"retrains": 2, "days": 30},
    "enough_rows": {"min_rows": 100},
    "drift_share": {"threshold": 0.5},
    "performance_drop": {"max_rise": 0.25},
    "estimated_loss": {"max_rise": 0.25},
    "max_age": {"max_age_days": 30},
    "never": {},
    "always": {},
    "cooldown": {"days": 7},
    "enough_labels": {"min_labels": 100},
}


def made(name: str) -> Policy:
    return TypeAdapter(AnyTrigger | AnyGuard).validate_python({"policy": name, **EXAMPLES[name]})


def classes() -> list[type[Policy]]:
    unions = (typing.get_args(AnyTrigger)[0], typing.get_args(AnyGuard)[0])
    return [kind for union in unions for kind in typing.get_args(union)]
