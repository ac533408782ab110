"""Laws of the loss by slice that a version remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import SliceReference
from driftloop.monitoring.slices.judging import Measured
from driftloop.pipelines.config.project import load
from driftloop.pipelines.training.slices import of_slices
from tests import streams


def remembered(folder: Path, rows: pd.DataFrame, lost: np.ndarray) -> tuple[SliceReference, ...]:
    config = load(folder / "model.yaml")
    return of_slices(config, rows, Measured(lost, np.empty(0), config.loss))


def test_a_version_remembers_the_loss_of_each_slice(tmp_path: Path) -> None:
    """Means over the slices weighted by their rows are the mean of all rows; without slices nothing is remembered."""
    frame = streams.stream(10)
    rows = frame.assign(ts=frame["ts"].dt.tz_localize("UTC") if frame["ts"].dt.tz is None else frame["ts"])
    lost = np.random.default_rng(0).exponential(1.0, len(rows))
    slices: list[Any] = ["city", {"name": "big", "where": "amount > 1000"}]
    streams.write(tmp_path, None, model="one", slices=slices)
    found = remembered(tmp_path, rows, lost)
    assert {each.name for each in found} == {"city = berlin", "city = paris", "city = rome"}, "an empty one is left out"
    assert sum(each.loss * each.rows for each in found) / len(rows) == pytest.approx(lost.mean())
    streams.write(tmp_path, None, model="one")
    assert remembered(tmp_path, rows, lost) == ()
