"""The probe: a small model of the same kind on a part of the rows, that only measures what a fresh one would gain."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.training.fit_xgboost import ALIASES, DEFAULTS, STOPPING_ROUNDS, Xgboost
from driftloop.pipelines.training.recipe import AUTO, XGBOOST, Recipe, kind
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import learn

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project, Training

ROWS, TREES = 0.2, 0.25


def fit_probe(
    config: Project, frame: pd.DataFrame, found: dict[str, Any] | None = None, *, here: bool = False
) -> Scorer:
    """Fit on a fifth of the labeled rows, drawn with the training's seed, with a quarter of the trees.

    Never on fewer rows than `training.min_rows`, if there are as many. `found` are parameters that a search has found
    for the champion. An estimator without a number of trees, and a function of the user's own that was given none,
    saves rows alone. `here`, and what it raises, as `learn`.
    """
    settings = config.training
    size = max(round(ROWS * len(frame)), min(len(frame), settings.min_rows))
    drawn = frame.sample(size, random_state=settings.seed).sort_index()
    found = found or {}
    return learn(config, drawn, {**found, **fewer_trees(settings, found)}, here=here)


def searched(settings: Training, recipe: str | None) -> dict[str, Any]:
    """Return the parameters of a stored recipe that a search has found, none without a search.

    >>> from driftloop.pipelines.config.project import Training
    >>> settings = Training(window="7d", search={"space": {"max_depth": [2, 9]}})
    >>> searched(settings, '{"estimator": "xgboost", "params": {"max_depth": 7, "n_estimators": 90}}')
    {'max_depth': 7}
    """
    if settings.search is None or recipe is None:
        return {}
    params = Recipe.model_validate_json(recipe).params
    return {name: params[name] for name in settings.search.space if name in params}


def fewer_trees(settings: Training, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the parameters that make the model small; they come on top of the configured ones and of those `found`.

    A fixed number of trees is divided by four. Where xgboost stops early, its steps are four times as large, so that
    as many fewer trees do the same.

    >>> from driftloop.pipelines.config.project import Training
    >>> fewer_trees(Training(window="7d", params={"n_estimators": 300}))
    {'n_estimators': 75}
    >>> fewer_trees(Training(window="7d"))
    {'learning_rate': 0.2, 'n_estimators': 250, 'early_stopping_rounds': 12}
    >>> fewer_trees(Training(window="7d", estimator="sklearn.linear_model.LinearRegression"))
    {}
    """
    params = {**settings.params, **(found or {})}
    given = {ALIASES.get(name, name): value for name, value in params.items()}
    if settings.estimator in {AUTO, XGBOOST}:
        if Xgboost().stops_early(params):
            return _larger_steps(params, given)
        given = Xgboost().complete(params)
    name, whole = "n_estimators", given.get("n_estimators")
    if whole is None and ":" not in settings.estimator:
        name, whole = _counted(settings.estimator, given)
    if not isinstance(whole, int | float):
        return {}
    return {_spelled(params, name): max(1, round(TREES * whole))}


def _larger_steps(params: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    rate = given.get("learning_rate", DEFAULTS["learning_rate"])
    if not isinstance(rate, int | float):
        return {}
    rounds = given.get("early_stopping_rounds", STOPPING_ROUNDS)
    return {
        _spelled(params, "learning_rate"): min(1.0, round(rate / TREES, 6)),
        _spelled(params, "n_estimators"): round(TREES * given.get("n_estimators", DEFAULTS["n_estimators"])),
        "early_stopping_rounds": max(1, int(TREES * rounds)),
    }


def _spelled(params: dict[str, Any], name: str) -> str:
    """The short names of xgboost mean the same parameter: the one that was given is overridden."""
    return next((short for short in params if ALIASES.get(short, short) == name), name)


def _counted(path: str, given: dict[str, Any]) -> tuple[str, Any]:
    """What counts the trees of a scikit-learn class, and how many there are; none where their number is found."""
    try:
        if kind(path).stops_early(given):
            return "", None
    except EstimatorError:
        return "", None  # the fit reports what is wrong with the path
    module, _, made = path.rpartition(".")
    name = "max_iter" if made.startswith("HistGradientBoosting") else "n_estimators"
    if name in given:
        return name, given[name]
    try:
        known = inspect.signature(getattr(import_module(module), made)).parameters
    except (ImportError, AttributeError, ValueError):
        return name, None
    return name, known[name].default if name in known else None
