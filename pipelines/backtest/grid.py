"""The rules that a comparison tries where none is named. Knows no config."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyTrigger, Policy
from driftloop.monitoring.records import DRIFT

ANCHORS = ("never", "always")
GRID: tuple[dict[str, Any], ...] = (
    {"policy": "recoverable_loss"},
    {"policy": "recoverable_loss", "horizon": 12},
    {"policy": "gated_probe_debt"},
    {"policy": "cara"},
    {"policy": "loss_cusum"},
    {"policy": "loss_ztest"},
    {"policy": "performance_drop", "max_rise": 0.05},
    {"policy": "performance_drop", "max_rise": 0.1},
    {"policy": "performance_drop", "max_rise": 0.2},
    {"policy": "periodic", "every": 2},
    {"policy": "periodic", "every": 4},
    {"policy": "periodic", "every": 8},
    {"policy": "periodic", "every": 16},
    {"policy": "drift_share", "threshold": 0.5},
    {"policy": "auto_quantile"},
    {"policy": "target_drift"},
)


def usual(*, with_drift: bool) -> list[Policy]:
    """Return the anchors, then the grid; without the rules that look at drift where it is not scored."""
    adapter: TypeAdapter[Policy] = TypeAdapter(AnyTrigger)
    rules = [adapter.validate_python(entry) for entry in ({"policy": name} for name in ANCHORS)]
    rules += [adapter.validate_python(entry) for entry in GRID]
    return [rule for rule in rules if with_drift or not rule.reads & DRIFT]
