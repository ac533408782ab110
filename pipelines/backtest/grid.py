"""The rules that a comparison tries where none is named, and which of them need scores of drift. Knows no config."""

from __future__ import annotations

from typing import Any

DRIFT = {"drift_share", "auto_quantile", "prediction_drift", "target_drift"}
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


def usual(*, with_drift: bool) -> list[dict[str, Any]]:
    """The anchors, then the grid; without the rules that look at drift where it is not scored."""
    anchors = [{"policy": name} for name in ANCHORS]
    return anchors + [entry for entry in GRID if with_drift or not on_drift(entry)]


def on_drift(told: Any) -> bool:
    """Whether a dumped policy, or any within it, reads scores of drift.

    >>> on_drift({"policy": "k_of_n", "k": 2, "trigger": {"policy": "drift_share"}}), on_drift({"policy": "cara"})
    (True, False)
    """
    return bool(DRIFT & _policies(told))


def _policies(told: Any) -> set[str]:
    """The names of all policies within a dumped one, its own included."""
    inside = told.values() if isinstance(told, dict) else told if isinstance(told, list | tuple) else ()
    own = {told["policy"]} if isinstance(told, dict) and "policy" in told else set()
    return own.union(*(_policies(one) for one in inside))
