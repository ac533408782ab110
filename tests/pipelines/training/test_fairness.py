"""Gaps of a challenger on held-out rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.training.fairness import fairness_of
from driftloop.pipelines.training.steps import divide, learn
from tests import streams


def test_groups_of_held_out_rows_have_rates(tmp_path: Path) -> None:
    """The rates are of the model's own decisions on the rows; without the section or rows there are none."""
    frame = streams.stream(task="binary")
    keys = {"task": "binary", "training__estimator": "linear"}
    config = load(streams.write(tmp_path, frame, **keys, fairness={"by": ["city"], "rates": ["error"]}))
    parts = divide(config, frame, Window(start=streams.day(0), end=streams.day(21)))
    scorer = learn(config, parts.train, {})
    (gap,) = fairness_of(config, scorer, parts.holdout)
    wrong = np.asarray(scorer.classes)[scorer.predict(parts.holdout).argmax(axis=1)] != parts.holdout["y"].to_numpy()
    rome = (parts.holdout["city"] == "rome").to_numpy()
    assert {one.group: one.value for one in gap.groups}["city = rome"] == wrong[rome].mean()
    assert fairness_of(config, scorer, parts.holdout.iloc[:0]) == ()
    assert fairness_of(load(streams.write(tmp_path, frame, **keys)), scorer, parts.holdout) == ()
