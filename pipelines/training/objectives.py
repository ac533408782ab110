"""Text on what an estimator minimizes, compared with the loss by which it is judged."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.losses import Loss
from driftloop.pipelines.training.recipe import LINEAR, XGBOOST

DEFAULTS = {"numbers": "the squared error", "classes": "the log loss"}


def objective(estimator: str, params: dict[str, Any], loss: Loss, *, classes: bool) -> str:
    """Return one sentence on what `estimator` minimizes, compared with `loss`.

    >>> from driftloop.monitoring.losses import named
    >>> objective("xgboost", {}, named("pinball(0.9)"), classes=False)
    'xgboost minimizes pinball(0.9)'
    >>> objective("linear", {}, named("mae"), classes=False)
    'linear has no objective for mae and minimizes the squared error; validation, gate and checks use mae'
    """
    name, judged = estimator.rpartition(".")[2], f"validation, gate and checks use {loss}"
    if ":" in estimator:
        return f"the function {estimator} decides what it minimizes; {judged}"
    own = next((params[key] for key in ("objective", "loss") if key in params), None)
    if own is not None:
        return f"{name} minimizes {own}, as training.params has it; {judged}"
    boosted = name == "HistGradientBoostingRegressor" and (bool(loss.boosting()) or loss.loss == "mse")
    if estimator in loss.follows or boosted:
        return f"{name} minimizes {loss}"
    default = DEFAULTS["classes" if classes else "numbers"] if estimator in {XGBOOST, LINEAR} else "its own default"
    return f"{name} has no objective for {loss} and minimizes {default}; {judged}"
