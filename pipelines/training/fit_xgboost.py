"""Gradient boosted trees by xgboost, which splits on categories natively."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError, suggestion
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.rows.weights import averaged
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.training.fit_errors import translated
from driftloop.pipelines.training.tasks import TRAININGS

if TYPE_CHECKING:
    from driftloop.pipelines.training.fit_stored import StoredRows
    from driftloop.pipelines.training.recipe import Fitting
    from driftloop.pipelines.training.rows import Rows

# Found on 18 streams, docs/benchmarks.md: shallow, slow trees on samples of rows and columns, as many as help.
DEFAULTS: dict[str, Any] = {
    "n_estimators": 1000,
    "learning_rate": 0.05,
    "max_depth": 4,
    "min_child_weight": 5,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "tree_method": "hist",
}
STOPPING_ROUNDS = 50
EXPECTED = "parameters that xgboost accepts for these rows"
# Trees where their number is not found: fewer of them take larger steps.
UNSTOPPED: dict[str, Any] = {"n_estimators": 100, "learning_rate": 0.1}
PLACE = re.compile(r"\.(cc|cu|h):\d+: ")  # in the source of xgboost, before its messages
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


class Xgboost:
    """XGBRegressor or XGBClassifier. Parameters come under xgboost's short or long names and override the defaults.

    A name that xgboost does not know, or a value it refuses, raises `EstimatorError`.
    """

    def stops_early(self, params: dict[str, Any]) -> bool:
        """The number of trees is found unless it is given, or `early_stopping_rounds` is null or 0."""
        named = _named(params)
        return bool(named.get("early_stopping_rounds", "n_estimators" not in named))

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Without rows to stop by: the number of trees as given, or a moderate one."""
        named = _named(params)
        named.pop("early_stopping_rounds", None)
        # A number of trees that is given with early stopping is a limit, and no number to fit blindly.
        if self.stops_early(params):
            named = {**named, "n_estimators": min(named.get("n_estimators", 10**6), UNSTOPPED["n_estimators"])}
        return {**UNSTOPPED, **named}

    def fit(self, rows: Rows, params: dict[str, Any], fitting: Fitting) -> Any:
        """Fit on all rows, without early stopping."""
        return _fit(rows, params, fitting)

    def fit_stored(self, rows: StoredRows, params: dict[str, Any], fitting: Fitting, cache: Path | None) -> Any:
        """Fit on rows on disk, or in the workers of an engine, without early stopping; see `fit_pieces`."""
        from driftloop.pipelines.training.fit_pieces import fit_pieces, streamable

        encoder = rows.encoder
        with translated("xgboost", expected=EXPECTED, short=_short):
            model = _unfitted(encoder.task, rows.codes, rows.weights, params, fitting)
            if not rows.selection.apart:
                return fit_pieces(model, rows.pieces, len(encoder.classes), cache)
            streamable(model, len(encoder.classes))
            made = rows.selection.boost(Boosting(model, len(encoder.classes), encoder))
            model.load_model(bytearray(made))
            return model

    def stop(self, older: Rows, newest: Rows, params: dict[str, Any], fitting: Fitting) -> tuple[Any, dict[str, Any]]:
        """Add trees until the newest rows have been predicted no better for `early_stopping_rounds` trees."""
        named = _named(params)
        rounds = named.get("early_stopping_rounds", STOPPING_ROUNDS)
        # Of many classes the older rows may know two, and xgboost then fits one score.
        own = bool({"objective", "eval_metric"} & named.keys())
        watched = {} if own else {"eval_metric": _metric(fitting.loss, older.classes)}
        model = _fit(older, {**watched, **named, "early_stopping_rounds": rounds}, fitting, newest)
        found = {name: value for name, value in named.items() if name != "early_stopping_rounds"}
        return model, {**found, "n_estimators": int(model.best_iteration) + 1}


def _metric(loss: Loss, classes: tuple[str, ...]) -> Any:
    """Return what early stopping watches: a metric of xgboost, or a function of labels and predictions."""
    name = loss.watched(len(classes))
    if name is not None:
        return name
    names = np.asarray(classes, dtype=object)

    def own(codes: Any, predicted: Any, sample_weight: Any = None) -> float:
        scores = np.asarray(predicted, dtype=np.float64).reshape(len(codes), -1)
        if not classes:
            return averaged(loss.rows(np.asarray(codes, dtype=np.float64), scores[:, 0]), sample_weight)
        if len(classes) == 2 and scores.shape[1] == 1:
            scores = np.column_stack([1.0 - scores, scores])
        return averaged(loss.rows(names[np.asarray(codes, dtype=np.intp)], scores, classes), sample_weight)

    return own


def _named(params: dict[str, Any]) -> dict[str, Any]:
    return {ALIASES.get(name, name): value for name, value in params.items()}


def _fit(rows: Rows, params: dict[str, Any], fitting: Fitting, watched: Rows | None = None) -> Any:
    more: dict[str, Any] = {} if rows.weights is None else {"sample_weight": rows.weights}
    if watched is not None:
        more |= {"eval_set": [(watched.encoded, watched.codes)], "verbose": False}
        more |= {} if watched.weights is None else {"sample_weight_eval_set": [watched.weights]}
    codes = rows.codes
    with translated("xgboost", expected=EXPECTED, short=_short):
        model = _unfitted(rows.task, codes, rows.weights, params, fitting)
        model.fit(rows.encoded, codes, **more)
    return model


def _unfitted(
    task: Task, codes: NDArray[Any], weights: NDArray[np.float64] | None, params: dict[str, Any], fitting: Fitting
) -> Any:
    """Return the class of the task with its parameters; `codes` and `weights` are those of all rows it will learn."""
    import xgboost

    made = getattr(xgboost, TRAININGS[task].xgboost)
    named, known = _named(params), set(made().get_params()) | FURTHER
    for name in named:
        if name not in known:
            raise EstimatorError(
                "xgboost",
                f"it has no parameter {name!r}",
                expected="parameters of XGBRegressor and XGBClassifier",
                remedy=f"correct training.params (or training.search.space).{suggestion(name, known)}",
            )
    own = {"n_jobs": fitting.threads, "random_state": fitting.seed, "enable_categorical": True}
    # What serves our objective need not serve another one.
    wanted = {} if "objective" in named else fitting.loss.xgboost(codes, weights)
    return made(**{**DEFAULTS, **wanted, **own, **named})


def _short(error: Exception) -> str:
    """Shorten a message of xgboost: without its place in the source and the stack trace that follows."""
    lines = [line.strip() for line in str(error).split("Stack trace")[0].splitlines() if line.strip()]
    text = " ".join(lines)
    place = PLACE.search(text)
    return text[place.end() :] if place else text
