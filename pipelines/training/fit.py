"""One training: early exits first, then features, then the estimator that the config names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitoring.config import Task
from monitoring.errors import TrainingImpossible, listed
from pipelines.training.features import Features, encode, learn_features
from pipelines.training.scorer import Scorer
from pipelines.training.threads import free_threads, prepare

if TYPE_CHECKING:
    from pipelines.config import Training


def fit(
    frame: pd.DataFrame,
    target: pd.Series,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: Task,
    settings: Training,
    params: dict[str, Any] | None = None,
    loss: str | None = None,
    *,
    here: bool = False,
) -> Scorer:
    """Fit what `settings.estimator` names on the labelled rows; the same rows and seed give the same model.

    `target` has the index of `frame`: floats for regression, class names otherwise; rows without a (finite) label
    are left out. `params` come on top of `settings.params`. `loss` is what the model will be judged by: xgboost then
    minimises it unless the params name another objective. A function of the user's own runs in a process of its own,
    or `here`, in this one, without limits. Nothing to learn from raises `TrainingImpossible` with
    the code no_labels, too_few_rows, one_class, too_many_classes or empty_feature, before any library is loaded, or
    labels_too_large; an estimator that is not usable raises `EstimatorError`, one that is ended `TrainingStopped`.
    """
    frame, target = labelled(frame, target, task)
    features, classes = check(frame, target, numeric=numeric, categorical=categorical, task=task, settings=settings)
    prepare()
    encoded = encode(frame, features)
    merged = {**settings.params, **(params or {})}
    threads = free_threads(settings.threads, len(frame))
    if ":" in settings.estimator:
        from pipelines.training.apart import Limits
        from pipelines.training.fit_function import fit_function

        estimator = fit_function(
            settings.estimator,
            encoded,
            target,
            classes=classes,
            task=task,
            params=merged,
            seed=settings.seed,
            limits=None if here else Limits(settings.timeout, settings.max_memory_mb),
        )
        return Scorer(task, features, classes, estimator)
    codes = pd.Index(classes, dtype=object).get_indexer(pd.Index(target)) if classes else target.to_numpy(np.float64)
    if settings.estimator == "xgboost":
        from pipelines.training.fit_xgboost import fit_xgboost

        estimator = fit_xgboost(
            encoded, codes, task=task, params=merged, seed=settings.seed, threads=threads, loss=loss
        )
    else:
        from pipelines.training.fit_sklearn import fit_sklearn

        estimator = fit_sklearn(
            settings.estimator, encoded, codes, task=task, params=merged, seed=settings.seed, threads=threads
        )
    return Scorer(task, features, classes, estimator)


def preload(estimator: str) -> None:
    """Import what a fit or a prediction will need, while there is time."""
    prepare()
    if estimator == "xgboost":
        import xgboost  # noqa: F401
    elif ":" not in estimator:
        import skops.io  # noqa: F401  (scikit-learn with it)


def labelled(frame: pd.DataFrame, target: pd.Series, task: Task) -> tuple[pd.DataFrame, pd.Series]:
    """The rows that carry a label: not missing and, for regression, finite. Class names come out as text.

    >>> rows, target = labelled(pd.DataFrame({"n": [1.0, 2.0]}), pd.Series(["a", None]), "binary")
    >>> len(rows), target.tolist()
    (1, ['a'])
    """
    known = target.notna().to_numpy()
    if task == "regression":
        known = known & np.isfinite(target.to_numpy(dtype=np.float64, na_value=np.nan))
    frame, target = frame[known], target[known]
    return frame, target.astype(np.float64) if task == "regression" else target.astype(str).astype(object)


def check(
    frame: pd.DataFrame,
    target: pd.Series,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: Task,
    settings: Training,
) -> tuple[Features, tuple[str, ...]]:
    """Whether labelled rows can be learnt from: their features and sorted classes, or `TrainingImpossible`."""
    if len(frame) == 0:
        raise TrainingImpossible(
            "no_labels",
            "not one training row has a label",
            expected="rows of the training window with the target filled in",
            remedy="check columns.target and columns.label_delay, or make training.window longer",
        )
    if len(frame) < settings.min_rows:
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(frame):,} labelled training rows",
            expected=f"at least {settings.min_rows:,} (training.min_rows)",
            remedy="make training.window longer, or lower training.min_rows",
        )
    classes = () if task == "regression" else tuple(sorted(str(name) for name in target.unique()))
    if len(classes) == 1:
        raise TrainingImpossible(
            "one_class",
            f"all {len(frame):,} labelled training rows are of the class {classes[0]!r}",
            expected="rows of at least two classes",
            remedy="make training.window longer, or check how the target is made",
        )
    if task == "binary" and len(classes) > 2:
        raise TrainingImpossible(
            "too_many_classes",
            f"the target has {len(classes)} classes: {listed(classes)}",
            expected="two classes, since task is binary",
            remedy="set task: multiclass, or check how the target is made",
        )
    features = learn_features(frame, numeric, categorical, settings.max_levels)
    empty = [name for name in numeric if not np.isfinite(frame[name].to_numpy(np.float64, na_value=np.nan)).any()]
    empty += [name for name, levels in features.levels.items() if not levels]
    if empty:
        raise TrainingImpossible(
            "empty_feature",
            f"{listed(empty)}: no value in any of {len(frame):,} labelled training rows",
            expected="at least one value in each feature",
            remedy="mend the source, or take the column out of columns.numeric or columns.categorical",
        )
    return features, classes
