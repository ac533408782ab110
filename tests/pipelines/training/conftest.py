"""Labeled rows with gaps, whose target is known by construction, and training settings to go with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer

TARGETS = {"regression": "number", "binary": "two", "multiclass": "three"}


@pytest.fixture
def make_rows() -> Callable[..., pd.DataFrame]:
    """Rows with the features `size`, `age [d]` and `kind`, and a target for each task."""

    def make(n: int = 600, seed: int = 0) -> pd.DataFrame:
        generator = np.random.default_rng(seed)
        size, age = generator.normal(size=n), generator.exponential(size=n)
        kind = generator.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2])
        number = size + 3.0 * (kind == "x") + 0.1 * generator.normal(size=n)
        frame = pd.DataFrame({"size": size, "age [d]": age, "kind": pd.Series(kind, dtype=object), "number": number})
        frame["two"] = pd.Series(np.where(number > 1.5, "yes", "no"), dtype=object)
        frame["three"] = pd.Series(np.select([number > 2, number > 0], ["hi", "mid"], "lo"), dtype=object)
        frame.loc[frame.index % 7 == 0, "size"] = np.nan
        frame.loc[frame.index % 11 == 0, "kind"] = None
        return frame

    return make


@pytest.fixture
def rows(make_rows: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return make_rows()


@pytest.fixture
def training() -> Callable[..., Training]:
    """The settings of a training, quick and on one thread."""

    def make(**changes: Any) -> Training:
        return Training.model_validate({"window": "30d", "min_rows": 50, "threads": 1, **changes})

    return make


@pytest.fixture
def fitted(training: Callable[..., Training]) -> Callable[..., Scorer]:
    """A scorer fitted on rows as `make_rows` makes them."""

    def make(frame: pd.DataFrame, task: Any, estimator: str = "xgboost", **params: Any) -> Scorer:
        settings = training(estimator=estimator, params=params)
        return fit(frame, frame[TARGETS[task]], ["size", "age [d]"], ["kind"], task, settings)

    return make
