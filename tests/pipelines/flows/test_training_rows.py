"""A retrain of more rows than fit into memory: the same champion from disk, a sample where `max_rows` limits them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]
NEVER = {"policies__triggers": [{"policy": "never"}]}


def predictions(made: Model, rows: pd.DataFrame) -> tuple[registry.Version, np.ndarray]:
    """The first champion of a model, and what it predicts."""
    made.check(day(21))
    champion = registry.champion(made.name)
    return champion, registry.scorer(champion, load(made.file).training).predict(rows)


def test_the_champion_from_disk_is_the_one_from_memory(model: Make) -> None:
    """One megabyte is too little for the rows, and changes neither model nor reference nor recorded numbers."""
    rows, fresh = stream(21), stream(3, seed=9)
    tried = [predictions(model(rows, **NEVER), fresh)]
    tried.append(predictions(model(rows, **NEVER, training__memory_mb=1), fresh))
    (whole, from_memory), (version, from_disk) = tried
    assert np.array_equal(from_memory, from_disk)
    for tag in ("driftloop.trained_on", "driftloop.learned_rows", "driftloop.loss", "driftloop.refit"):
        assert version.tags[tag] == whole.tags[tag]
    assert registry.reference(version).columns == registry.reference(whole).columns
    assert not list(home.home().glob("training-*"))


def test_a_linear_model_learns_from_max_rows(model: Make) -> None:
    """The version records how many rows it has learned from, over the whole window."""
    estimator = {"training__estimator": "linear", "training__params": {}, "training__max_rows": 1000}
    made = model(stream(21), **NEVER, **estimator)
    champion, _ = predictions(made, stream(1))
    assert 990 <= int(champion.tags["driftloop.learned_rows"]) <= 1000
    assert champion.trained_on[0].length.days >= 20
