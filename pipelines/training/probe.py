"""The probe: a small model of the same kind on a part of the rows, that only measures what a fresh one would win."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.training.fit_xgboost import ALIASES, DEFAULTS
from pipelines.training.scorer import Scorer
from pipelines.training.steps import learn

if TYPE_CHECKING:
    from pipelines.config import Project, Training

ROWS, TREES = 0.2, 0.25


def fit_probe(config: Project, frame: pd.DataFrame, *, here: bool = False) -> Scorer:
    """Fit on a fifth of the labelled rows, drawn with the training's seed, with a quarter of the trees.

    Never on fewer rows than `training.min_rows`, if there are as many. An estimator without a number of trees, and a
    function of the user's own that was given none, saves rows alone. `here`, and what it raises, as `learn`.
    """
    settings = config.training
    size = max(round(ROWS * len(frame)), min(len(frame), settings.min_rows))
    drawn = frame.sample(size, random_state=settings.seed).sort_index()
    return learn(config, drawn, fewer_trees(settings), here=here)


def fewer_trees(settings: Training) -> dict[str, Any]:
    """The parameters that make the model small; they come on top of the configured ones.

    >>> from pipelines.config import Training
    >>> fewer_trees(Training(window="7d"))
    {'n_estimators': 75}
    >>> fewer_trees(Training(window="7d", estimator="sklearn.linear_model.LinearRegression"))
    {}
    """
    given = {ALIASES.get(name, name): value for name, value in settings.params.items()}
    name, whole = "n_estimators", given.get("n_estimators")
    if whole is None and settings.estimator == "xgboost":
        whole = DEFAULTS["n_estimators"]
    elif whole is None and ":" not in settings.estimator:
        name, whole = _counted(settings.estimator, given)
    if not isinstance(whole, int | float):
        return {}
    # The short names of xgboost stand for the same parameter: the one that was given is overridden.
    used = next((short for short in settings.params if ALIASES.get(short, short) == name), name)
    return {used: max(1, round(TREES * whole))}


def _counted(path: str, given: dict[str, Any]) -> tuple[str, Any]:
    """What counts the trees of a scikit-learn class, and how many there are."""
    module, _, kind = path.rpartition(".")
    name = "max_iter" if kind.startswith("HistGradientBoosting") else "n_estimators"
    if name in given:
        return name, given[name]
    try:
        known = inspect.signature(getattr(import_module(module), kind)).parameters
    except (ImportError, AttributeError, ValueError):
        return name, None  # what is wrong with the path is told by the fit
    return name, known[name].default if name in known else None
