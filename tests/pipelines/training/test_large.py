"""Parts of more rows than one frame holds: those of `divide`, or samples of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.pipelines.data.fresh import content_digest
from driftloop.pipelines.training.capacity import Way
from driftloop.pipelines.training.large import large_parts, sample_sentence
from driftloop.pipelines.training.steps import divide, learn
from tests.weighted import SPAN, read, rows


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
