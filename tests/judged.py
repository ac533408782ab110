"""A small model with its reference and rows, for what is judged without any flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.drift.reference import describe
from driftloop.monitoring.records import Reference, Window
from driftloop.monitoring.rows.canonical import conform
from tests import streams

TYPES = {"ts": "timestamp", "amount": "double", "speed": "double", "city": "string", "kind": "string", "y": "double"}


def monitored(**changes: Any) -> Monitored:
    """Give the monitoring half of the streams' config."""
    whole = streams.config(**changes)
    return Monitored.model_validate({key: whole[key] for key in whole if key in Monitored.model_fields})


def rows(config: Monitored, seed: int = 0, **changed: Any) -> pd.DataFrame:
    """Make a week of canonical rows, 100 a day, with some of the raw columns replaced."""
    raw = streams.stream(7, 100, seed=seed, task=config.task).assign(**changed)
    return conform(raw, config)[0]


def reference(config: Monitored, frame: pd.DataFrame | None = None) -> Reference:
    """Describe a week of rows as the reference of a champion whose loss on it was 1."""
    frame = rows(config) if frame is None else frame
    return describe(
        frame.assign(prediction=np.random.default_rng(0).normal(size=len(frame))),
        config,
        window=Window(start=streams.day(0), end=streams.day(7)),
        source_types=TYPES,
        loss=1.0,
        loss_rows=100,
    )
