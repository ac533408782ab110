"""Any estimator of scikit-learn by its dotted path, in a pipeline that makes numbers of categories."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from monitoring.config import Task
from monitoring.errors import EstimatorError, meant

FOLDS = 5


def fit_sklearn(
    path: str,
    encoded: pd.DataFrame,
    target: NDArray[Any],
    *,
    task: Task,
    params: dict[str, Any],
    seed: int,
    threads: int,
) -> Any:
    """Fit the class at `path` behind a target encoder; `target` holds floats, or the places 0..k-1 of the classes.

    Categories become the mean of the target at their level, learnt across folds (Micci-Barreca 2001); missing and
    unseen ones the mean of all. An estimator that takes missing values gets the numbers as they are; for any other
    they are filled with the median, and everything is scaled, which linear models need and trees do not mind.
    `seed` and `threads` fill random_state and n_jobs where the class has them and `params` do not. A prediction runs
    on one thread, so that it is the same to the last bit each time.
    """
    from sklearn.pipeline import Pipeline
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    estimator = _build(path, task, params, seed, threads)
    steps: list[tuple[str, Any]] = [("encode", _encoder(encoded, task, seed))]
    if not estimator.__sklearn_tags__().input_tags.allow_nan:
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import StandardScaler

        steps += [("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]
    pipeline = Pipeline([*steps, ("model", estimator)])
    try:
        with threadpool_limits(limits=threads):
            pipeline.fit(encoded, target)
    except (TypeError, ValueError) as error:
        raise EstimatorError(
            path,
            f"it could not be fitted: {error}",
            expected="parameters that it accepts for these rows",
            remedy="correct training.params (or training.search.space)",
        ) from error
    if "n_jobs" in estimator.get_params():
        estimator.set_params(n_jobs=1)
    return pipeline


def _encoder(encoded: pd.DataFrame, task: Task, seed: int) -> Any:
    """Numbers as they are first, then the categories in numbers: one column each, for k > 2 classes k."""
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    folds = (KFold if task == "regression" else StratifiedKFold)(FOLDS, shuffle=True, random_state=seed)
    kind = {"regression": "continuous"}.get(task, task)
    categorical = [str(name) for name in encoded if isinstance(encoded[name].dtype, pd.CategoricalDtype)]
    numeric = [str(name) for name in encoded if name not in categorical]
    return ColumnTransformer(
        [
            ("numeric", "passthrough", numeric),
            ("categorical", TargetEncoder(target_type=kind, cv=folds), categorical),
        ],
        verbose_feature_names_out=False,
    )


def _build(path: str, task: Task, params: dict[str, Any], seed: int, threads: int) -> Any:
    """The estimator itself, unfitted, or `EstimatorError` saying which part of the request is wrong."""
    from sklearn.base import is_classifier, is_regressor

    kind = _find(path)
    known = set(kind().get_params())
    for name in params:
        if name.split("__")[0] not in known:
            raise EstimatorError(
                path,
                f"it has no parameter {name!r}",
                expected=f"one of {', '.join(sorted(known))}",
                remedy=f"correct training.params (or training.search.space).{meant(name, known)}",
            )
    own = {"random_state": seed, "n_jobs": threads}
    if path.startswith("sklearn.linear_model."):
        del own["n_jobs"]  # of no use there, and deprecated one class after the other
    own = {name: value for name, value in own.items() if name in known}
    try:
        estimator = kind().set_params(**{**own, **params})
    except ValueError as error:
        raise EstimatorError(path, str(error), expected="known parameters", remedy="correct training.params") from error
    fits_task = is_regressor(estimator) if task == "regression" else is_classifier(estimator)
    if not fits_task:
        wanted = "a regressor" if task == "regression" else "a classifier"
        raise EstimatorError(
            path,
            f"it is not {wanted}",
            expected=f"{wanted}, since task is {task}",
            remedy="name the other class (they usually come in pairs), or correct task",
        )
    return estimator


def _find(path: str) -> Any:
    module_name, _, name = path.rpartition(".")
    expected = "xgboost, a class such as sklearn.ensemble.HistGradientBoostingRegressor, or module:function"
    if not module_name:
        raise EstimatorError(
            path,
            "there is no such estimator",
            expected=expected,
            remedy="give the full path." + meant(path, ["xgboost"]),
        )
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise EstimatorError(
            path,
            f"the module {module_name!r} cannot be imported: {error}",
            expected=expected,
            remedy="correct training.estimator, or install the package that has it",
        ) from error
    kind = getattr(module, name, None)
    if not (isinstance(kind, type) and hasattr(kind, "fit") and hasattr(kind, "get_params")):
        there = [other for other in dir(module) if not other.startswith("_")]
        raise EstimatorError(
            path,
            f"{module_name} has no estimator {name!r}",
            expected=expected,
            remedy="correct training.estimator." + meant(name, there),
        )
    return kind
