"""The law of training from disk: the same parts, recipe and model as with all rows in one frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import Fresh, content_digest, read_fresh
from driftloop.pipelines.training.capacity import Way
from driftloop.pipelines.training.large import large_parts, sample_sentence
from driftloop.pipelines.training.steps import divide, learn
from tests.streams import day, stream, write

SPAN = Window(start=day(0), end=day(21))
# Early stopping chooses the number of trees; rows and columns are drawn.
STOPS = {"n_estimators": 150, "early_stopping_rounds": 4, "learning_rate": 0.3, "subsample": 0.8}


def rows(task: str) -> pd.DataFrame:
    """Rows in order of time with weights, missing values and late labels."""
    frame = stream(days=21, task=task)
    generator = np.random.default_rng(4)
    frame["w"] = generator.uniform(0.5, 2, len(frame))
    frame.loc[frame.index % 11 == 0, "amount"] = None
    frame.loc[frame.index % 13 == 0, "city"] = None
    frame.loc[frame.index % 17 == 0, "y"] = None
    return frame


def read(folder: Path, frame: pd.DataFrame, task: str, **more: Any) -> tuple[Project, Fresh]:
    """The config of such rows, and the rows read in small pieces."""
    given = {"training__params": STOPS, "columns__weight": "w", "task": task, **more}
    project = load(write(folder, frame, **given))
    return project, read_fresh(project, SPAN, folder, piece=333)


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


def test_a_source_out_of_order_has_the_same_rows(tmp_path: Path) -> None:
    """Labels and weights stay with their rows; the parts are those of the frame."""
    mixed = rows("regression").sample(frac=1, random_state=1)
    project, fresh = read(tmp_path, mixed, "regression")
    parts = divide(project, fresh.frame, SPAN)
    _, large = large_parts(project, fresh, SPAN, Way.QUANTIZED, tmp_path)
    assert large.on_disk is not None
    selection = large.on_disk.selection
    assert selection.digest == content_digest(parts.train)
    read_back = pd.concat(selection.pieces())
    assert read_back["y"].tolist() == selection.labels.tolist()
    assert selection.weights is not None
    assert read_back["w"].tolist() == selection.weights.tolist()
    assert sorted(read_back["ts"]) == parts.train["ts"].tolist()
    learn(project, large.train, {}, on_disk=large.on_disk)


def test_max_rows_draws_over_time_and_classes(tmp_path: Path) -> None:
    """An estimator that needs all rows gets a sample of each part with their weights, and the whole is recorded."""
    more = {"training__estimator": "sklearn.linear_model.LogisticRegression", "training__params": {}}
    project, fresh = read(tmp_path, rows("multiclass"), "multiclass", **more, training__max_rows=1000)
    parts = divide(project, fresh.frame, SPAN)
    sampled, large = large_parts(project, fresh, SPAN, Way.FRAME, tmp_path)
    assert large.on_disk is None
    assert 990 <= len(large.train) <= 1000 < large.train_rows == len(parts.train)
    assert large.train["ts"].is_monotonic_increasing
    shares = [part["y"].value_counts(normalize=True).sort_index() for part in (large.train, parts.train)]
    assert np.abs(shares[0] - shares[1]).max() < 0.002
    assert 990 <= len(sampled.learnable().frame) <= 1000 < sampled.learnable().whole.rows
    assert "training.max_rows" in sample_sentence(large, sampled, Way.FRAME, project)
    scorer = learn(project, large.train, {})
    assert scorer.predict(large.holdout).shape == (len(large.holdout), 3)


def test_what_cannot_be_learned_from_is_refused_as_in_memory(tmp_path: Path) -> None:
    """A feature without a value is found in the pass before the fit."""
    project, fresh = read(tmp_path, rows("regression").assign(speed=None), "regression")
    _, large = large_parts(project, fresh, SPAN, Way.QUANTIZED, tmp_path)
    with pytest.raises(TrainingImpossible, match="'speed': no value in any of"):
        learn(project, large.train, {}, on_disk=large.on_disk)
