"""A training function of the user's own, named as `module:function`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pandas as pd

from monitoring.config import Task
from monitoring.errors import EstimatorError, meant
from pipelines.training.scorer import class_places


def fit_function(
    path: str,
    encoded: pd.DataFrame,
    target: pd.Series,
    *,
    classes: tuple[str, ...],
    task: Task,
    params: dict[str, Any],
    seed: int,
) -> Any:
    """Call `function(frame, target, *, task, params, seed)` and take the fitted estimator it returns.

    The function gets encoded rows (float64 and pandas categories, both with missing values) and the target on the
    same index: floats, or class names as text. Its estimator has `predict` for such rows and, for classes, better
    `predict_proba`, whose columns stand in the order of its `classes_`: the class names, or their places 0..k-1 in
    sorted order; without `classes_` in sorted order. A function that cannot be found, that raises, or that returns
    something else raises `EstimatorError`.
    """
    function = _find(path)
    try:
        estimator = function(encoded, target, task=task, params=dict(params), seed=seed)
    except Exception as error:
        raise EstimatorError(
            path,
            f"it raised {type(error).__name__}: {error}",
            expected="function(frame, target, *, task, params, seed) that returns a fitted estimator",
            remedy="see the traceback above; the frame has float64 and categorical columns with missing values",
        ) from error
    if not callable(getattr(estimator, "predict", None)):
        raise EstimatorError(
            path,
            f"it returned {type(estimator).__name__}, which has no predict",
            expected="a fitted estimator with predict (and predict_proba for classes)",
            remedy="return the fitted estimator; scikit-learn's fit() returns it",
        )
    named = getattr(estimator, "classes_", None)
    if task != "regression" and named is not None:
        class_places(named, classes)
    return estimator


def _find(path: str) -> Callable[..., Any]:
    module_name, _, name = path.partition(":")
    try:
        module = import_module(module_name)
    except Exception as error:  # the user's module may raise anything while it is imported
        raise EstimatorError(
            path,
            f"the module {module_name!r} cannot be imported: {type(error).__name__}: {error}",
            expected="module:function, the module importable from where driftloop runs",
            remedy="correct training.estimator, install the module, or add its folder to PYTHONPATH",
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        there = [other for other in dir(module) if callable(getattr(module, other)) and not other.startswith("_")]
        raise EstimatorError(
            path,
            f"the module {module_name!r} has no function {name!r}",
            expected="module:function",
            remedy="correct training.estimator." + meant(name, there),
        )
    return function  # type: ignore[no-any-return]
