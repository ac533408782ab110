"""Drift between a model's rows and a batch, scored as a check scores it, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.backtest import drift_scores
from driftloop.pipelines.backtest.batches import cut
from driftloop.pipelines.backtest.drift_scores import DriftScores
from driftloop.pipelines.config.project import Project
from tests import streams

CONFIG = Project.model_validate(streams.config(preflight__min_rows=20))


def test_inputs_that_moved_have_drifted_and_others_have_not(tmp_path: Path) -> None:
    """After the shift two numbers are far from the rows of an old model, near those of a model that has seen it."""
    batches = cut(streams.stream(days=120, a_day=30, input_shift_at=60), CONFIG)
    scores = DriftScores(CONFIG, batches, batches.first, tmp_path)
    late = len(batches) - 1
    after = [{one.name: one.drifted for one in scores(0, batch)} for batch in range(late - 4, late + 1)]
    assert all(moved["amount"] and moved["speed"] for moved in after)
    assert sum(moved["city"] for moved in after) + sum(moved["kind"] for moved in after) <= 2, "by chance"
    assert {one.role for one in scores(0, late)} == {"feature", "target"}
    assert not any(one.drifted for one in scores(late - 1, late) if one.role == "feature")


def test_the_same_period_is_measured_against_where_the_history_reaches_it(tmp_path: Path) -> None:
    """A season drifts from the rows of an old model, and not from the rows of a year ago; before that the model's."""
    frame = streams.stream(days=500, a_day=12)
    at = (frame["ts"] - streams.day(0)) / pd.Timedelta(days=1)
    batches = cut(frame.assign(amount=frame["amount"] + 12 * np.sin(2 * np.pi * at / 364)), CONFIG)
    yearly = Project.model_validate(streams.config(preflight__min_rows=20, drift={"reference": {"same_period": "1y"}}))
    own, other = (DriftScores(config, batches, batches.first, tmp_path) for config in (CONFIG, yearly))
    late = len(batches) - 1
    drifted = [{one.name: one.drifted for one in scores(late - 8, late)}["amount"] for scores in (own, other)]
    assert drifted == [True, False]
    assert own(0, 20) == other(0, 20)


def test_what_was_scored_is_kept_for_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run reads it to the last bit and computes nothing; a broken file and other settings start again."""
    batches = cut(streams.stream(days=100, a_day=12), CONFIG)
    scores = DriftScores(CONFIG, batches, batches.first, tmp_path)
    found = scores(0, 3)
    scores.keep()
    other = Project.model_validate(streams.config(preflight__min_rows=20, drift={"seed": 7}))
    assert DriftScores(other, batches, batches.first, tmp_path).found == {}
    with monkeypatch.context() as closed:
        closed.setattr(drift_scores, "judge", None)
        again = DriftScores(CONFIG, batches, batches.first, tmp_path)
        assert again(0, 3) == found
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"{")
    assert DriftScores(CONFIG, batches, batches.first, tmp_path)(0, 3) == found
