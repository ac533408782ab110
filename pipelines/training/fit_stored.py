"""A fit on training rows that stay on disk: one pass for levels and classes, then the passes of xgboost.

What is chosen by the newest rows (the number of trees, the estimator) is chosen on the evenly spaced sample of the
rows that `Rows.validation` takes of a frame too, so that the model is the same as with all rows in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training import recipe as recipes
from driftloop.pipelines.training.features import Features, encode, most_frequent
from driftloop.pipelines.training.fit import allowed, check_target, refuse_empty
from driftloop.pipelines.training.fit_pieces import Piece
from driftloop.pipelines.training.fit_xgboost import Xgboost
from driftloop.pipelines.training.recipe import XGBOOST, Fitting
from driftloop.pipelines.training.rows import Rows
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.tasks import TRAININGS
from driftloop.pipelines.training.threads import free_threads, prepare

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project
    from driftloop.pipelines.data.selection import Selection

# Rows that xgboost gets at a time.
PART = 1 << 18


@dataclass(frozen=True)
class StoredRows:
    """Labeled rows on disk as an estimator gets them, read piece by piece; see `Rows`.

    `target` and `weights` are those of all rows, in the order in which they are read; rows of other classes than
    `classes` are left out of `pieces`.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    selection: Selection
    target: pd.Series[Any]
    weights: NDArray[np.float64] | None

    @cached_property
    def codes(self) -> NDArray[Any]:
        """The target as floats, or as the places 0..k-1 of the classes; -1 for another class."""
        if not self.classes:
            return self.target.to_numpy(np.float64)
        return np.asarray(pd.Index(self.classes, dtype=object).get_indexer(pd.Index(self.target)))

    def pieces(self) -> Iterator[Piece]:
        """Yield all rows, encoded, some hundred thousand at a time."""
        start, held, many = 0, list[tuple[int, pd.DataFrame]](), 0
        for piece in self.selection.pieces():
            if len(piece):
                held.append((start, encode(piece, self.features)))
                start, many = start + len(piece), many + len(piece)
            if many >= PART:
                yield self._joined(held)
                held, many = [], 0
        if held:
            yield self._joined(held)

    def _joined(self, held: list[tuple[int, pd.DataFrame]]) -> Piece:
        encoded = pd.concat([part for _, part in held], ignore_index=True)
        inside = slice(held[0][0], held[0][0] + len(encoded))
        codes = self.codes[inside]
        weights = None if self.weights is None else self.weights[inside]
        if self.classes and (codes < 0).any():
            known = codes >= 0
            encoded, codes, weights = encoded[known], codes[known], None if weights is None else weights[known]
        return Piece(encoded, codes, weights)


def fit_stored(
    config: Project,
    selection: Selection,
    sample: pd.DataFrame,
    params: dict[str, Any],
    *,
    like: Scorer | None = None,
    cache: Path | None = None,
) -> Scorer:
    """Fit xgboost, or what `auto` chooses, on rows that stay on disk; see `fit` for the parameters and errors.

    `sample` are evenly spaced rows of the same ones. A linear model that `auto` chooses is fitted on them alone. With
    `cache`, a folder, xgboost keeps its values in a file there.
    """
    settings, training = config.training, TRAININGS[config.task]
    target = training.typed(selection.labels)
    allowed(target, config.loss)
    if like is None:
        classes = check_target(target, task=config.task, settings=settings)
        features = _survey(config, selection)
    else:
        features, classes = like.features, like.classes
    prepare()
    fitting = Fitting(config.loss, settings.seed, free_threads(settings.threads, len(target)))
    own = training.typed(sample[config.columns.target])
    weights = scaled(weights_of(sample, config.columns))
    rows = Rows(config.task, features, classes, encode(sample, features), own, weights).known()
    recipe = like.recipe if like is not None else None
    recipe = recipe or recipes.choose(settings, {**settings.params, **params}, rows, fitting)
    if recipe.estimator != XGBOOST:
        model = recipes.fit_recipe(recipe, rows, fitting)
    else:
        stored = StoredRows(config.task, features, classes, selection, target, scaled(selection.weights))
        model = Xgboost().fit_stored(stored, recipe.params, fitting, cache)
    return Scorer(config.task, features, classes, model, by_place=True, recipe=recipe)


def _survey(config: Project, selection: Selection) -> Features:
    """Return the features with the levels of all rows: one pass."""
    columns = config.columns
    counts: dict[str, Counter[str]] = {name: Counter() for name in columns.categorical}
    filled = set[str]()
    for piece in selection.pieces():
        for name in columns.categorical:
            values = piece[name].cat
            times = np.bincount(values.codes[values.codes >= 0], minlength=len(values.categories))
            texts = values.categories.to_numpy()[times > 0]
            counts[name].update(dict(zip(map(str, texts), times[times > 0].tolist(), strict=True)))
        filled |= {name for name in columns.numeric if name not in filled and np.isfinite(piece[name]).any()}
    levels = {name: most_frequent(times, config.training.max_levels) for name, times in counts.items()}
    features = Features(numeric=columns.numeric, levels=levels)
    refuse_empty(features, filled, len(selection))
    return features
