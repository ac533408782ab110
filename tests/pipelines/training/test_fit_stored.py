"""The law of training from disk: the same parts, recipe and model as with all rows in one frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.pipelines.data.fresh import content_digest
from driftloop.pipelines.training.capacity import Way
from driftloop.pipelines.training.large import large_parts, sample_sentence
from driftloop.pipelines.training.steps import divide, learn
from tests.weighted import SPAN, STOPS, read, rows


@pytest.mark.parametrize("way", [Way.QUANTIZED, Way.ON_DISK])
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_rows_on_disk_give_the_model_of_one_frame(task: str, way: Way, tmp_path: Path) -> None:
    """First and second fit, classes, weights and early stopping included."""
    project, fresh = read(tmp_path, rows(task), task)
    parts = divide(project, fresh.frame, SPAN)
    sampled, large = large_parts(project, fresh, SPAN, way, tmp_path / "cache")
    assert large.whole_train is not None
    assert large.whole_holdout is not None
    assert (large.train_rows, large.holdout_rows) == (len(parts.train), len(parts.holdout))
    assert large.whole_train.digest == content_digest(parts.train)
    assert large.whole_holdout.digest == content_digest(parts.holdout)
    pd.testing.assert_frame_equal(large.holdout, parts.holdout.reset_index(drop=True))

    whole = learn(project, parts.train, {})
    made = learn(project, large.train, {}, on_disk=large.on_disk)
    assert (made.features, made.classes) == (whole.features, whole.classes)
    assert made.recipe == whole.recipe
    assert made.recipe is not None
    assert made.recipe.params["n_estimators"] < STOPS["n_estimators"]
    assert np.array_equal(made.predict(parts.holdout), whole.predict(parts.holdout))

    labeled = sampled.learnable()
    known = fresh.frame[fresh.frame["y"].notna()]
    second = learn(project, labeled.frame, {}, like=made, on_disk=labeled.on_disk)
    assert np.array_equal(second.predict(known), learn(project, known, {}, like=whole).predict(known))
    assert labeled.whole.rows == len(known)
    assert "training rows are read piece by piece" in sample_sentence(large, sampled, way, project)


def test_what_cannot_be_learned_from_is_refused_as_in_memory(tmp_path: Path) -> None:
    """A feature without a value is found in the pass before the fit."""
    project, fresh = read(tmp_path, rows("regression").assign(speed=None), "regression")
    _, large = large_parts(project, fresh, SPAN, Way.QUANTIZED, tmp_path)
    with pytest.raises(TrainingImpossible, match="'speed': no value in any of"):
        learn(project, large.train, {}, on_disk=large.on_disk)
