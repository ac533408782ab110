"""The absolute error: its rows, and the constant that loses least."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import mean_absolute_error

from driftloop.monitoring.losses.mae import Mae

TARGET = np.array([1.0, 2.0, 3.0, 100.0])


def test_each_row_counts_by_its_distance() -> None:
    """Too high and too low count alike, and the mean is scikit-learn's."""
    predicted = np.array([2.0, 2.0, 1.0, 90.0])
    rows = Mae().rows(TARGET, predicted)
    assert rows.tolist() == [1.0, 0.0, 2.0, 10.0]
    assert rows.mean() == mean_absolute_error(TARGET, predicted)


def test_the_median_loses_least() -> None:
    """One label of 100 does not move the best constant to the mean of 26.5."""
    best = Mae().best(TARGET)
    assert best == 2.5
    lost = [Mae().rows(TARGET, np.full(4, constant)).mean() for constant in (best, 26.5, 1.0, 4.0)]
    assert lost[0] == min(lost)
