"""Text on what an estimator does with the weights of rows (`columns.weight`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.rows.weights import effective_rows
from driftloop.monitoring.settings.functions import find
from driftloop.pipelines.training.as_adopted import takes_weights, template
from driftloop.pipelines.training.fit_function import KEY, takes_weight
from driftloop.pipelines.training.fit_sklearn import accepts_weights, find_class
from driftloop.pipelines.training.recipe import AS_ADOPTED, LINEAR, XGBOOST

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


def weighed(config: Project, estimator: str, weights: NDArray[np.float64]) -> str:
    """Return one sentence on the weights of the training rows, shape (n,), and on whether `estimator` uses them."""
    name = config.columns.weight
    if weights.min() == weights.max():
        return f"all {len(weights):,} training rows have the weight {weights[0]:.6g}, so {name} changes nothing"
    worth = f"{len(weights):,} training rows are worth {effective_rows(weights):,.0f} rows of equal weight ({name})"
    refused = ignored(config, estimator)
    return f"{worth}; {refused}" if refused else worth


def ignored(config: Project, estimator: str) -> str | None:
    """Return that an estimator takes no weights, and what still uses them; None if it takes them."""
    what = f"validation, gate and checks use {config.columns.weight}"
    if estimator == AS_ADOPTED:
        taken = takes_weights(template(config.model).estimator)
    elif ":" in estimator:
        if takes_weight(find(estimator, KEY, EstimatorError)):
            return None
        return f"the function {estimator} has no parameter called weight and is fitted without weights; {what}"
    else:
        taken = estimator in {XGBOOST, LINEAR} or accepts_weights(find_class(estimator))
    return None if taken else f"{estimator} does not accept sample_weight and is fitted without weights; {what}"
