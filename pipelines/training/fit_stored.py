"""A fit on training rows that stay on disk or in workers: one pass for levels, then the passes of xgboost.

What is chosen by the newest rows (the number of trees, the estimator) is chosen on the evenly spaced sample of the
rows that `Rows.validation` takes of a frame too, so that the model is the same as with all rows in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.rows.weights import Scale, scale, scaled, weights_of
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.data.boosting import Encoded
from driftloop.pipelines.training import recipe as recipes
from driftloop.pipelines.training.features import Features, encode, most_frequent
from driftloop.pipelines.training.fit import allowed, check_target, refuse_empty
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
class Encoder:
    """Conversion of canonical labeled rows to what xgboost gets; rows of other classes than `classes` are left out.

    `target` and `weight` are columns; `scale` is that of all weights, None where no row counts more than another.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    target: str
    weight: str | None
    scale: Scale | None

    def __call__(self, rows: pd.DataFrame) -> Encoded:
        target = TRAININGS[self.task].typed(rows[self.target])
        weights = None
        if self.weight is not None and self.scale is not None:
            weights = self.scale.of(rows[self.weight].to_numpy(dtype=np.float64))
        encoded, codes = encode(rows, self.features), codes_of(target, self.classes)
        if self.classes and (codes < 0).any():
            known = codes >= 0
            encoded, codes, weights = encoded[known], codes[known], None if weights is None else weights[known]
        return Encoded(encoded, codes, weights)


def codes_of(target: pd.Series[Any], classes: tuple[str, ...]) -> NDArray[Any]:
    """Return typed labels as floats, or as the places 0..k-1 of the classes; -1 for another class."""
    if not classes:
        return target.to_numpy(np.float64)
    return np.asarray(pd.Index(classes, dtype=object).get_indexer(pd.Index(target)))


@dataclass(frozen=True)
class StoredRows:
    """Labeled rows that are not in memory, as xgboost gets them: from disk, or in the workers of an engine.

    Labels and weights of all rows are in the order in which these are read. They are in memory only while they are
    used: xgboost takes its own from the pieces.
    """

    encoder: Encoder
    selection: Selection

    @property
    def codes(self) -> NDArray[Any]:
        """Return the labels of all rows as `codes_of` does."""
        return codes_of(TRAININGS[self.encoder.task].typed(self.selection.labels), self.encoder.classes)

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """Return the weights of all rows with a mean of 1; None where all count the same."""
        return scaled(self.selection.weights)

    def pieces(self) -> Iterator[Encoded]:
        """Yield all rows, encoded, some hundred thousand at a time."""
        held, many = list[Encoded](), 0
        for piece in self.selection.pieces():
            if len(piece):
                held.append(self.encoder(piece))
                many += len(piece)
            if many >= PART:
                yield _joined(held)
                held, many = [], 0
        if held:
            yield _joined(held)


def _joined(held: list[Encoded]) -> Encoded:
    weights = [part.weights for part in held if part.weights is not None]
    return Encoded(
        pd.concat([part.encoded for part in held], ignore_index=True),
        np.concatenate([part.codes for part in held]),
        np.concatenate(weights) if weights else None,
    )


def fit_stored(
    config: Project,
    selection: Selection,
    sample: pd.DataFrame,
    params: dict[str, Any],
    *,
    like: Scorer | None = None,
    cache: Path | None = None,
) -> Scorer:
    """Fit xgboost, or what `auto` chooses, on rows that stay where they are; see `fit` for the parameters and errors.

    Rows in the workers of an engine are trained on there, all others in this process. `sample` are evenly spaced rows
    of the same ones. A linear model that `auto` chooses is fitted on them alone. With `cache`, a folder, xgboost keeps
    its values in a file there.
    """
    settings, training = config.training, TRAININGS[config.task]
    target = training.typed(selection.labels)
    allowed(target, config.loss)
    classes = check_target(target, task=config.task, settings=settings) if like is None else ()
    del target
    if like is None:
        features = _survey(config, selection)
    else:
        features, classes = like.features, like.classes
    prepare()
    fitting = Fitting(config.loss, settings.seed, free_threads(settings.threads, len(selection)))
    own = training.typed(sample[config.columns.target])
    weights = scaled(weights_of(sample, config.columns))
    rows = Rows(config.task, features, classes, encode(sample, features), own, weights).known()
    recipe = like.recipe if like is not None else None
    recipe = recipe or recipes.choose(settings, {**settings.params, **params}, rows, fitting)
    if recipe.estimator != XGBOOST:
        model = recipes.fit_recipe(recipe, rows, fitting)
    else:
        columns, scaling = config.columns, scale(selection.weights)
        encoder = Encoder(config.task, features, classes, columns.target, columns.weight, scaling)
        model = Xgboost().fit_stored(StoredRows(encoder, selection), recipe.params, fitting, cache)
    return Scorer(config.task, features, classes, model, by_place=True, recipe=recipe)


@dataclass(frozen=True)
class Survey:
    """Levels with their numbers of rows, by column, and the numeric columns that have a value."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    def __call__(self, piece: pd.DataFrame) -> tuple[dict[str, Counter[str]], set[str]]:
        counts = {}
        for name in self.categorical:
            values = piece[name].cat
            times = np.bincount(values.codes[values.codes >= 0], minlength=len(values.categories))
            texts = values.categories.to_numpy()[times > 0]
            counts[name] = Counter(dict(zip(map(str, texts), times[times > 0].tolist(), strict=True)))
        return counts, {name for name in self.numeric if np.isfinite(piece[name]).any()}


def _survey(config: Project, selection: Selection) -> Features:
    """Return the features with the levels of all rows: one pass, where the rows are."""
    columns = config.columns
    counts: dict[str, Counter[str]] = {name: Counter() for name in columns.categorical}
    filled = set[str]()
    for levels, numbers in selection.map(Survey(columns.numeric, columns.categorical)):
        filled |= numbers
        for name, times in levels.items():
            counts[name].update(times)
    found = {name: most_frequent(times, config.training.max_levels) for name, times in counts.items()}
    features = Features(numeric=columns.numeric, levels=found)
    refuse_empty(features, filled, len(selection))
    return features
