"""Public Python interface of driftloop: the commands as functions, for notebooks and scripts.

    import driftloop

    result = driftloop.check("model.yaml")
    result  # in a notebook: verdict, votes and drift report

Each function takes the path of a model's YAML, or what `load` returned. State is in `DRIFTLOOP_HOME`, or in the
nearest `.driftloop` of the config's folder or above it, as for the command line. Every error of driftloop is a
`DriftloopError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftloop.monitoring.errors import DriftloopError
    from driftloop.pipelines.operations.functions import (
        CheckResult,
        RetrainResult,
        adopt,
        backtest,
        check,
        compare,
        history,
        load,
        predict,
        replay,
        retrain,
        status,
        validate,
    )

__all__ = [
    "CheckResult",
    "DriftloopError",
    "RetrainResult",
    "adopt",
    "backtest",
    "check",
    "compare",
    "history",
    "load",
    "predict",
    "replay",
    "retrain",
    "status",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that `driftloop --help` starts fast."""
    if name not in __all__:
        raise AttributeError(f"module 'driftloop' has no attribute {name!r}; it has {', '.join(__all__)}")
    if name == "DriftloopError":
        from driftloop.monitoring import errors

        return errors.DriftloopError
    from driftloop.pipelines.operations import functions

    return getattr(functions, name)


def __dir__() -> list[str]:
    return __all__
