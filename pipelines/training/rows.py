"""Encoded rows with what is to be predicted of them: what every kind of estimator is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.rows.weights import scaled
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.features import Features

VALIDATION_SHARE = 0.2
# Fewer rows to validate on say more about chance than about the number of trees.
LEAST_VALIDATION_ROWS = 40
# The number of trees that a sample of this size asks for is no more than what all rows bear.
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Rows:
    """Rows in order of time, as an estimator gets them; `target` holds floats, or names of `classes` as text.

    `weights` have a mean of 1; None counts every row as 1.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    encoded: pd.DataFrame
    target: pd.Series
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.encoded)

    @property
    def codes(self) -> NDArray[Any]:
        """The target as built-in estimators get it: floats, or the places 0..k-1 of the classes; shape (n,)."""
        if not self.classes:
            return self.target.to_numpy(np.float64)
        return np.asarray(pd.Index(self.classes, dtype=object).get_indexer(pd.Index(self.target)))

    def validation(self) -> tuple[Rows, Rows] | None:
        """The older four fifths to learn from and the newest fifth to choose by, None where that proves nothing.

        Of very many rows evenly spaced ones are taken. Both parts know the classes of the older one alone: a
        built-in estimator needs every class that it is named.
        """
        step = -(-len(self) // MOST_ROWS)
        encoded, target = self.encoded.iloc[::step], self.target.iloc[::step]
        cut = len(encoded) - round(VALIDATION_SHARE * len(encoded))
        if len(encoded) - cut < LEAST_VALIDATION_ROWS:
            return None
        older, newest = target.iloc[:cut], target.iloc[cut:]
        classes = tuple(name for name in self.classes if name in set(older))
        if self.classes and (len(classes) < 2 or not set(newest) & set(classes)):
            return None
        weights = self.weights[::step] if self.weights is not None else None
        old, new = (None, None) if weights is None else (scaled(weights[:cut]), scaled(weights[cut:]))
        return (
            Rows(self.task, self.features, classes, encoded.iloc[:cut], older, old),
            Rows(self.task, self.features, classes, encoded.iloc[cut:], newest, new),
        )

    def known(self) -> Rows:
        """The rows whose class is one of `classes`."""
        if not self.classes:
            return self
        inside = self.target.isin(self.classes).to_numpy()
        if inside.all():
            return self
        weights = None if self.weights is None else scaled(self.weights[inside])
        return Rows(self.task, self.features, self.classes, self.encoded[inside], self.target[inside], weights)
