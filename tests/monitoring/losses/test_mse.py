"""The squared error: its rows, and the constant that loses least."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import mean_squared_error

from driftloop.monitoring.losses.mse import Mse

TARGET = np.array([1.0, 2.0, 3.0, 100.0])


def test_large_errors_outweigh_small_ones() -> None:
    """One error of 10 costs as much as a hundred of 1, and the mean is scikit-learn's."""
    predicted = np.array([2.0, 2.0, 1.0, 90.0])
    rows = Mse().rows(TARGET, predicted)
    assert rows.tolist() == [1.0, 0.0, 4.0, 100.0]
    assert rows.mean() == mean_squared_error(TARGET, predicted)


def test_the_mean_loses_least() -> None:
    """Of all constants the mean of the labels has the lowest loss."""
    best = Mse().best(TARGET)
    assert best == 26.5
    lost = [Mse().rows(TARGET, np.full(4, constant)).mean() for constant in (best, 2.5, 25.0, 28.0)]
    assert lost[0] == min(lost)


def test_an_error_that_is_too_large_is_infinite() -> None:
    """The square of 1e200 is not a number: the row's loss is infinite, and no warning stops the check."""
    assert Mse().rows(np.array([1e200]), np.array([0.0])).tolist() == [np.inf]
