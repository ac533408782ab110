"""Prediction time of models side by side, measured for the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np
import pandas as pd

from driftloop.pipelines.gate import TIMED_ROWS

RUNS = 9
Name = TypeVar("Name", bound=str)


def measure(predictions: Mapping[Name, Callable[[], object]], runs: int = RUNS) -> dict[Name, float]:
    """Return the seconds that each prediction takes: the median of several runs.

    Runs take turns, so that a busy moment of the machine slows all models alike; a first one of each is not counted.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in predictions}
    for counted in range(runs + 1):
        for name, predict in predictions.items():
            began = perf_counter()
            predict()
            if counted:
                seconds[name].append(perf_counter() - began)
    return {name: median(taken) for name, taken in seconds.items()}


def timed_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return exactly 1,000 rows: the first ones, or all of them over and over.

    >>> timed_rows(pd.DataFrame({"a": [1, 2]})).a.tolist()[:5], len(timed_rows(pd.DataFrame({"a": range(5000)})))
    ([1, 2, 1, 2, 1], 1000)
    """
    return frame.iloc[np.arange(TIMED_ROWS) % len(frame)].reset_index(drop=True)
