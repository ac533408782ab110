"""Custom training function, named as `module:function`."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError, TrainingRaised, TrainingStopped
from driftloop.monitoring.served.answers import class_places
from driftloop.monitoring.served.errors import ServingError
from driftloop.monitoring.settings.functions import find
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.apart import Answered, Limits, Raised, Stopped, call_apart

KEY = "training.estimator"


def fit_function(
    path: str,
    encoded: pd.DataFrame,
    target: pd.Series,
    *,
    classes: tuple[str, ...],
    task: Task,
    params: dict[str, Any],
    seed: int,
    limits: Limits | None,
    weights: NDArray[np.float64] | None = None,
) -> Any:
    """Call `function(frame, target, *, task, params, seed)` and take the fitted estimator it returns.

    A parameter called `weight` gets the weights of the rows: a series on the same index with a mean of 1, or None where
    all rows count the same.

    The function gets encoded rows (float64 and pandas categories, both with missing values) and the target on the
    same index: floats, or class names as text. Its estimator has `predict` for such rows and, for classes, better
    `predict_proba`, whose columns are in the order of its `classes_`: the class names, or their places 0..k-1 in
    sorted order; without `classes_` in sorted order. It runs in a separate process under `limits`, or in this one
    without any.

    A function that cannot be found or that returns something else raises `EstimatorError`; one that raises,
    `TrainingRaised` with its traceback; one that does not end within the limits, or whose process dies,
    `TrainingStopped`.
    """
    function = find(path, KEY, EstimatorError)
    named: dict[str, Any] = {"task": task, "params": dict(params), "seed": seed}
    if takes_weight(function):
        named["weight"] = None if weights is None else pd.Series(weights, index=encoded.index, name="weight")
    if limits is None:
        estimator = _fitted(path, _call_here(function, encoded, target, named))
    else:
        estimator = _fitted(path, call_apart(path, encoded, target, limits=limits, **named))
    if not callable(getattr(estimator, "predict", None)):
        raise EstimatorError(
            path,
            f"it returned {type(estimator).__name__}, which has no predict",
            expected="a fitted estimator with predict (and predict_proba for classes)",
            remedy="return the fitted estimator; scikit-learn's fit() returns it",
        )
    names = getattr(estimator, "classes_", None)
    if classes and names is not None:
        try:
            class_places(names, classes)
        except ServingError as error:
            raise EstimatorError(path, error.found, expected=error.expected, remedy=error.remedy) from error
    return estimator


def takes_weight(function: Callable[..., Any]) -> bool:
    """Return whether a function has a parameter called `weight`."""
    try:
        return "weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _call_here(
    function: Callable[..., Any], encoded: pd.DataFrame, target: pd.Series, named: dict[str, Any]
) -> Answered | Raised:
    try:
        return Answered(function(encoded, target, **named))
    except Exception as error:
        first = error.__traceback__.tb_next if error.__traceback__ else None
        text = "".join(traceback.format_exception(type(error), error, first))
        return Raised(type(error).__name__, str(error), text, error)


def _fitted(path: str, end: Answered | Raised | Stopped) -> Any:
    match end:
        case Answered(value):
            return value
        case Stopped(code, why):
            raise TrainingStopped(path, code, why)
        case Raised(name, text, frames, error):
            raise TrainingRaised(path, name, text, frames) from error
