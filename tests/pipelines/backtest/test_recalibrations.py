"""Gains of recalibrations of the models of a history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driftloop.monitoring.losses.performance import WAVES
from driftloop.pipelines.backtest import matrices
from driftloop.pipelines.backtest.batches import cut
from driftloop.pipelines.backtest.recalibrations import SERVED
from driftloop.pipelines.config.project import Project
from tests import streams


def test_a_level_is_repaired_from_the_batch_on_that_has_it(tmp_path: Path) -> None:
    """Models from before a shift gain about all of it, on all later batches; models from after it gain nothing."""
    frame = streams.stream(days=98, a_day=60)
    frame = frame.assign(y=frame["y"] + 9.0 * (frame["ts"] >= streams.day(70)))
    small = {"training__min_rows": 50, "training__params": {"n_estimators": 30}, "training__window": "14d"}
    config = Project.model_validate(streams.config(**small, training__holdout="4d"))
    batches = cut(frame, config)
    made = matrices.build(config, batches, tmp_path, recalibrates=True)
    size = len(made.windows)
    assert made.recalibrated is not None
    gains, waves = made.recalibrated.gains, made.recalibrated.waves
    assert gains.shape == (size, size, 2 + SERVED)
    shift = next(at for at, window in enumerate(made.windows) if window.start >= streams.day(70))
    before, after = gains[shift - 2], gains[shift + 1]
    assert np.isnan(before[: shift - 1]).all(), "no batch before its training"
    assert before[shift, 0] == pytest.approx(9.0, abs=1.5)
    assert 0 < before[shift, 1] < before[shift, 0]
    assert before[shift, 2:] == pytest.approx(np.full(SERVED, 9.0), abs=1.5), "later batches too"
    assert not (after[:, 0] > 2.0).any()
    errors = np.linalg.norm(waves[shift - 2, shift], axis=1)
    assert waves.shape == (size, size, SERVED, WAVES)
    assert (errors > 0).all()
    assert (errors < 1.0).all(), "the error of each later gain"
    assert np.isnan(waves[shift - 2, : shift - 1]).all()
    again = matrices.build(config, batches, tmp_path, recalibrates=True)
    assert again.recalibrated is not None
    assert np.array_equal(again.recalibrated.gains, gains, equal_nan=True), "it is kept"
    assert np.array_equal(again.recalibrated.waves, waves, equal_nan=True)
    assert matrices.build(config, batches, tmp_path / "plain").recalibrated is None
