"""Any estimator of scikit-learn by its dotted path, in a pipeline that makes numbers of categories."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import EstimatorError, suggestion
from driftloop.monitoring.rows.weights import averaged
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.fit_errors import translated
from driftloop.pipelines.training.tasks import TRAININGS

if TYPE_CHECKING:
    from driftloop.pipelines.training.recipe import Fitting
    from driftloop.pipelines.training.rows import Rows

# The limit for the iterations of a class that is stopped early.
MOST_ITERATIONS = 500


class Sklearn:
    """The class at a dotted path, behind a target encoder.

    Categories become the mean of the target at their level, learned across folds (Micci-Barreca 2001); missing and
    unseen ones the mean of all. An estimator that takes missing values gets the numbers as they are; for any other
    they are filled with the median, and everything is scaled, which linear models need and trees do not mind.
    Seed and threads fill random_state and n_jobs where the class has them and the parameters do not. A prediction runs
    on one thread, so that it is the same to the last bit each time.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def stops_early(self, params: dict[str, Any]) -> bool:
        """Boosted estimators, which score rows after each of their stages, unless their number is given."""
        kind = find_class(self.path)
        staged = hasattr(kind, "staged_predict_proba") or hasattr(kind, "staged_predict")
        counted = _count(kind)
        own = {"early_stopping", "n_iter_no_change"} & params.keys()
        return bool(staged and counted and counted not in params and not own)

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """The defaults of the class itself; one that can hold rows out by itself (a neural network, SGD) does so."""
        known = inspect.signature(find_class(self.path)).parameters
        stops = "early_stopping" in known and known["early_stopping"].default is False
        return {"early_stopping": True, **params} if stops else params

    def verify(self, params: dict[str, Any], task: Task, fitting: Fitting) -> None:
        """Raise `EstimatorError` for a class that does not exist, does not fit the task, or lacks a parameter."""
        _build(self.path, task, params, fitting)

    def fit(self, rows: Rows, params: dict[str, Any], fitting: Fitting) -> Any:
        """Fit a pipeline on all rows."""
        return _fit(self.path, rows, params, fitting)

    def stop(self, older: Rows, newest: Rows, params: dict[str, Any], fitting: Fitting) -> tuple[Any, dict[str, Any]]:
        """Keep the number of stages after which the newest rows are predicted best."""
        kind = find_class(self.path)
        counted = _count(kind)
        # Its own early stopping would draw rows at random, from the newest ones as well.
        fixed = {"early_stopping": False} if "early_stopping" in inspect.signature(kind).parameters else {}
        whole = _fit(self.path, older, {**fixed, **params, counted: MOST_ITERATIONS}, fitting)
        losses = [
            averaged(fitting.loss.rows(newest.target.to_numpy(), answer, older.classes), newest.weights)
            for answer in _stages(whole, older, newest)
        ]
        best = int(np.argmin([loss if np.isfinite(loss) else np.inf for loss in losses])) + 1
        complete = {**fixed, **params, counted: best}
        return _fit(self.path, older, complete, fitting), complete


def _count(kind: Any) -> str:
    """The parameter that counts the stages of a class."""
    known = inspect.signature(kind).parameters
    return next((name for name in ("max_iter", "n_estimators") if name in known), "")


def _stages(pipeline: Any, older: Rows, newest: Rows) -> Any:
    """What each stage predicts of the newest rows, in the shape of `Scorer.score`."""
    inputs, model = pipeline[:-1].transform(newest.encoded), pipeline[-1]
    if not older.classes:
        yield from model.staged_predict(inputs)
    elif hasattr(model, "staged_predict_proba"):
        yield from model.staged_predict_proba(inputs)
    else:
        for codes in model.staged_predict(inputs):
            yield np.eye(len(older.classes))[codes]


def _fit(path: str, rows: Rows, params: dict[str, Any], fitting: Fitting) -> Any:
    from sklearn.pipeline import Pipeline
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    estimator = _build(path, rows.task, params, fitting)
    steps: list[tuple[str, Any]] = [("encode", _encoder(rows.encoded, rows.task, fitting.seed))]
    if not estimator.__sklearn_tags__().input_tags.allow_nan:
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import StandardScaler

        steps += [("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]
    pipeline = Pipeline([*steps, ("model", estimator)])
    with (
        translated(path, expected="parameters that it accepts for these rows"),
        threadpool_limits(limits=fitting.threads),
    ):
        pipeline.fit(rows.encoded, rows.codes, **_weighted(estimator, rows))
    if "n_jobs" in estimator.get_params():
        estimator.set_params(n_jobs=1)
    return pipeline


def _encoder(encoded: pd.DataFrame, task: Task, seed: int) -> Any:
    """Numbers as they are first, then the categories in numbers: one column each, for k > 2 classes k."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import TargetEncoder

    training = TRAININGS[task]
    categorical = [str(name) for name in encoded if isinstance(encoded[name].dtype, pd.CategoricalDtype)]
    numeric = [str(name) for name in encoded if name not in categorical]
    return ColumnTransformer(
        [
            ("numeric", "passthrough", numeric),
            ("categorical", TargetEncoder(target_type=training.target_type, cv=training.folds(seed)), categorical),
        ],
        verbose_feature_names_out=False,
    )


def accepts_weights(estimator: Any) -> bool:
    """Return whether the fit of an estimator, or of a class, takes weights of rows."""
    return "sample_weight" in inspect.signature(estimator.fit).parameters


def _weighted(estimator: Any, rows: Rows) -> dict[str, Any]:
    """Return what passes the weights on to the estimator; nothing if it takes none."""
    if rows.weights is None or not accepts_weights(estimator):
        return {}
    return {"model__sample_weight": rows.weights}


def _build(path: str, task: Task, params: dict[str, Any], fitting: Fitting) -> Any:
    """The estimator itself, unfitted, or `EstimatorError` saying which part of the request is wrong."""
    kind = find_class(path)
    required = [
        name
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    if required:
        raise EstimatorError(
            path,
            f"it cannot be made without {', '.join(required)}, which YAML cannot hold: it combines other estimators",
            expected="a class whose parameters all have a default",
            remedy="build it in a custom function and name it as training.estimator: module:function",
        )
    known = set(kind().get_params())
    for name in params:
        if name.split("__")[0] not in known:
            raise EstimatorError(
                path,
                f"it has no parameter {name!r}",
                expected=f"one of {', '.join(sorted(known))}",
                remedy=f"correct training.params (or training.search.space).{suggestion(name, known)}",
            )
    own = {"random_state": fitting.seed, "n_jobs": fitting.threads}
    if path.endswith(".HistGradientBoostingRegressor") and "loss" not in params:
        own |= fitting.loss.boosting()
    if path.startswith("sklearn.linear_model."):
        del own["n_jobs"]  # of no use there, and deprecated one class after the other
    own = {name: value for name, value in own.items() if name in known}
    try:
        estimator = kind().set_params(**{**own, **params})
    except ValueError as error:
        raise EstimatorError(path, str(error), expected="known parameters", remedy="correct training.params") from error
    training = TRAININGS[task]
    if not training.fits(estimator):
        wanted = training.estimators
        raise EstimatorError(
            path,
            f"it is not {wanted}",
            expected=f"{wanted}, since task is {task}",
            remedy="name the other class (they usually come in pairs), or correct task",
        )
    return estimator


def find_class(path: str) -> Any:
    """Return the class at a dotted path; `EstimatorError` explains why it cannot be used."""
    module_name, _, name = path.rpartition(".")
    expected = "xgboost, a class such as sklearn.ensemble.HistGradientBoostingRegressor, or module:function"
    if not module_name:
        raise EstimatorError(
            path,
            "there is no such estimator",
            expected=expected,
            remedy="give the full path." + suggestion(path, ["xgboost"]),
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
            remedy="correct training.estimator." + suggestion(name, there),
        )
    return kind
