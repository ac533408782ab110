"""One training: early exits first, then features, then the estimator that the config names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import TrainingImpossible, listed
from driftloop.monitoring.losses import Loss, default
from driftloop.monitoring.rows.weights import Weighing, scaled
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training import recipe as recipes
from driftloop.pipelines.training.as_adopted import fit_like
from driftloop.pipelines.training.features import Features, encode, learn_features
from driftloop.pipelines.training.recipe import AUTO, XGBOOST, Fitting
from driftloop.pipelines.training.rows import Rows
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.split import taken
from driftloop.pipelines.training.tasks import TRAININGS
from driftloop.pipelines.training.threads import free_threads, prepare

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Training


def fit(
    frame: pd.DataFrame,
    target: pd.Series,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: Task,
    settings: Training,
    params: dict[str, Any] | None = None,
    loss: Loss | None = None,
    *,
    like: Scorer | None = None,
    here: bool = False,
    adopted: Scorer | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Scorer:
    """Fit what `settings.estimator` names on the labeled rows; the same rows and seed give the same model.

    `frame` is in order of time: the newest fifth decides on the number of trees and, under `auto`, on the estimator;
    then all rows are learned from. `target` has the index of `frame`: floats for regression, class names otherwise;
    rows without a (finite) label are left out. `params` come on top of `settings.params`. `loss` is what the model
    will be judged by, the task's default if not given: xgboost then minimizes it unless the params name another
    objective. `like` is a model whose features, levels, classes and recipe are taken as they are, so that nothing is
    chosen again; rows of another class are left out.

    `adopted` is the model whose class and parameters `as_adopted` copies. `weights`, shape (n,), are above 0; they are
    scaled to a mean of 1, so that their unit changes nothing, regularization included.

    A function of the user's own runs in a process of its own, or `here`, in this one, without limits. Nothing to
    learn from raises `TrainingImpossible` with the code no_labels, too_few_rows, one_class, too_many_classes or
    empty_feature, before any library is loaded, labels_too_large or labels_not_allowed; an estimator that is not usable
    raises `EstimatorError`, one that is ended `TrainingStopped`.
    """
    if weights is not None:
        weights = weights[TRAININGS[task].labelled(target)]
    frame, target = labelled(frame, target, task)
    loss = loss or default(task)
    allowed(target, loss)
    if like is None:
        features, classes = check(frame, target, numeric=numeric, categorical=categorical, task=task, settings=settings)
    else:
        features, classes = like.features, like.classes
    prepare()
    rows = Rows(task, features, classes, encode(frame, features), target, scaled(weights)).known()
    merged = {**settings.params, **(params or {})}
    if adopted is not None:
        inside = frame[target.isin(classes).to_numpy()] if classes else frame
        return fit_like(adopted, inside, rows, merged, free_threads(settings.threads, len(rows)))
    if ":" in settings.estimator:
        from driftloop.pipelines.training.apart import Limits
        from driftloop.pipelines.training.fit_function import fit_function

        estimator = fit_function(
            settings.estimator,
            rows.encoded,
            rows.target,
            classes=classes,
            task=task,
            params=merged,
            seed=settings.seed,
            weights=rows.weights,
            limits=None if here else Limits(settings.timeout, settings.max_memory_mb),
        )
        return Scorer(task, features, classes, estimator)
    fitting = Fitting(loss, settings.seed, free_threads(settings.threads, len(rows)))
    recipe = like.recipe if like is not None else None
    recipe = recipe or recipes.choose(settings, merged, rows, fitting)
    return Scorer(task, features, classes, recipes.fit_recipe(recipe, rows, fitting), by_place=True, recipe=recipe)


def allowed(target: pd.Series, loss: Loss) -> None:
    """Refuse labels for which the loss is not defined, with `TrainingImpossible`; missing ones are no labels."""
    why = loss.undefined(target.to_numpy())
    if why is not None:
        raise TrainingImpossible(
            "labels_not_allowed",
            why[0],
            expected=f"{why[1]}, since performance.loss is {loss}",
            remedy="correct the target, exclude those rows (columns.filter), or choose another performance.loss",
        )


def weighable(weights: NDArray[np.float64] | None) -> None:
    """Refuse weights that cannot be used with `TrainingImpossible`; None are no weights."""
    problem = None if weights is None else Weighing.of(weights).problem
    if problem is not None:
        raise TrainingImpossible(
            "weights_not_allowed",
            problem,
            expected="a finite weight of at least 0 in every row, and some above 0 (columns.weight)",
            remedy="correct the source, derive a weight (columns.derived), or exclude those rows (columns.filter)",
        )


def preload(estimator: str) -> None:
    """Import what a fit or a prediction will need, while there is time."""
    prepare()
    if estimator in {AUTO, XGBOOST}:
        import xgboost  # noqa: F401
    elif ":" not in estimator:
        import skops.io  # noqa: F401  (scikit-learn with it)


def labelled(frame: pd.DataFrame, target: pd.Series, task: Task) -> tuple[pd.DataFrame, pd.Series]:
    """The rows that carry a label: not missing and, for regression, finite. Class names come out as text.

    >>> rows, target = labelled(pd.DataFrame({"n": [1.0, 2.0]}), pd.Series(["a", None]), "binary")
    >>> len(rows), target.tolist()
    (1, ['a'])
    """
    training = TRAININGS[task]
    known = training.labelled(target)
    return taken(frame, known), training.typed(target if known.all() else target[known])


def check(
    frame: pd.DataFrame,
    target: pd.Series,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    task: Task,
    settings: Training,
) -> tuple[Features, tuple[str, ...]]:
    """Whether labeled rows can be learned from: their features and sorted classes, or `TrainingImpossible`."""
    classes = check_target(target, task=task, settings=settings)
    return check_features(frame, numeric, categorical, settings), classes


def check_features(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str], settings: Training
) -> Features:
    """Return the features of labeled rows, or raise `TrainingImpossible`."""
    features = learn_features(frame, numeric, categorical, settings.max_levels)
    filled = {name for name in numeric if np.isfinite(frame[name].to_numpy(np.float64, na_value=np.nan)).any()}
    refuse_empty(features, filled, len(frame))
    return features


def check_target(target: pd.Series, *, task: Task, settings: Training) -> tuple[str, ...]:
    """Return the sorted classes of labels of training rows, or raise `TrainingImpossible`."""
    if len(target) == 0:
        raise TrainingImpossible(
            "no_labels",
            "not one training row has a label",
            expected="rows of the training window with the target filled in",
            remedy="check columns.target and columns.label_delay, or make training.window longer",
        )
    if len(target) < settings.min_rows:
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(target):,} labeled training rows",
            expected=f"at least {settings.min_rows:,} (training.min_rows)",
            remedy="make training.window longer, or lower training.min_rows",
        )
    training = TRAININGS[task]
    classes = training.classes(target)
    why = training.impossible(target, classes, trees=settings.estimator in {AUTO, XGBOOST})
    if why is not None:
        raise why
    return classes


def refuse_empty(features: Features, filled: Collection[str], rows: int) -> None:
    """Raise `TrainingImpossible` if a feature has no value: `filled` are the numeric ones that have some."""
    empty = [name for name in features.numeric if name not in filled]
    empty += [name for name, levels in features.levels.items() if not levels]
    if empty:
        raise TrainingImpossible(
            "empty_feature",
            f"{listed(empty)}: no value in any of {rows:,} labeled training rows",
            expected="at least one value in each feature",
            remedy="correct the source, or take the column out of columns.numeric or columns.categorical",
        )
