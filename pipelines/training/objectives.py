"""Text on what an estimator minimizes, compared with the loss by which it is judged."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.losses import Loss
from driftloop.pipelines.training.recipe import LINEAR, XGBOOST

DEFAULTS = {"numbers": "the squared error", "classes": "the log loss"}


def distorted(params: dict[str, Any], classes: tuple[str, ...]) -> str | None:
    """Return what `scale_pos_weight` does to the probabilities of two classes; None if it is not set, or is 1.

    >>> distorted({"scale_pos_weight": 36.7}, ("0", "1"))
    "scale_pos_weight 36.7 multiplies the predicted odds of '1', so log_loss, brier and calibration_error get worse"
    """
    given = params.get("scale_pos_weight", 1)
    if len(classes) != 2 or not isinstance(given, int | float) or given == 1:
        return None
    what = f"scale_pos_weight {given:.3g} multiplies the predicted odds of {classes[1]!r}"
    return f"{what}, so log_loss, brier and calibration_error get worse"


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
