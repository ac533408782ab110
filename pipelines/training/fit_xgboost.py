"""Gradient boosted trees by xgboost, which splits on categories natively."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitoring.config import Task
from monitoring.errors import EstimatorError, TrainingImpossible, meant
from pipelines.training.features import LARGEST

DEFAULTS: dict[str, Any] = {"n_estimators": 300, "learning_rate": 0.1, "max_depth": 6, "tree_method": "hist"}
# Losses that xgboost's default objective does not minimise.
OBJECTIVES = {"mae": "reg:absoluteerror"}
ALIASES = {
    "eta": "learning_rate",
    "alpha": "reg_alpha",
    "lambda": "reg_lambda",
    "min_split_loss": "gamma",
    "nthread": "n_jobs",
    "num_boost_round": "n_estimators",
    "seed": "random_state",
}
# What the booster knows beyond the arguments of xgboost's own classes.
FURTHER = frozenset(
    {
        *("expectile_alpha", "feature_selector", "huber_slope", "max_cached_hist_node", "normalize_type", "one_drop"),
        *("process_type", "quantile_alpha", "rate_drop", "refresh_leaf", "sample_type", "seed_per_iteration"),
        *("skip_drop", "top_k", "tweedie_variance_power", "updater"),
    }
)


def fit_xgboost(
    encoded: pd.DataFrame,
    target: NDArray[Any],
    *,
    task: Task,
    params: dict[str, Any],
    seed: int,
    threads: int,
    loss: str | None = None,
) -> Any:
    """Fit an XGBRegressor or XGBClassifier; `target` holds floats, or the places 0..k-1 of the classes.

    `params` override the defaults, under xgboost's short or long names. A name that xgboost does not know, or a value
    it refuses, raises `EstimatorError`.
    """
    import xgboost

    kind = xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier
    known = set(kind().get_params()) | FURTHER
    named = {ALIASES.get(name, name): value for name, value in params.items()}
    for name in named:
        if name not in known:
            raise EstimatorError(
                "xgboost",
                f"it has no parameter {name!r}",
                expected="parameters of XGBRegressor and XGBClassifier",
                remedy=f"correct training.params (or training.search.space).{meant(name, known)}",
            )
    own = {"n_jobs": threads, "random_state": seed, "enable_categorical": True}
    wanted = {"objective": OBJECTIVES[loss]} if loss in OBJECTIVES else {}
    huge = int((np.abs(target) > LARGEST).sum()) if task == "regression" else 0
    if huge:
        raise TrainingImpossible(
            "labels_too_large",
            f"{huge:,} of {len(target):,} labels lie beyond {LARGEST:.2g}, the largest number that xgboost knows",
            expected="labels of a size that trees can compute with",
            remedy="leave those rows out (columns.filter), or scale the target (columns.derived)",
        )
    model = kind(**{**DEFAULTS, **wanted, **own, **named})
    try:
        model.fit(encoded, np.asarray(target))
    except (xgboost.core.XGBoostError, TypeError, ValueError) as error:
        raise EstimatorError(
            "xgboost",
            f"it could not be fitted: {_short(error)}",
            expected="parameters that xgboost accepts for these rows",
            remedy="correct training.params (or training.search.space)",
        ) from error
    return model


def _short(error: Exception) -> str:
    """Shorten a message of xgboost: without its place in the source and the stack trace that follows."""
    lines = [line.strip() for line in str(error).split("Stack trace")[0].splitlines() if line.strip()]
    text = " ".join(lines)
    return text.partition(".cc:")[2].partition(": ")[2] or text
