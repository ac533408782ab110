"""A stored recalibration changes predictions by their values alone."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.served.calibrating import by_curves, recalibrated

NUMBERS = np.array([-3.0, 0.0, 10.0])
TWO = np.array([[0.9, 0.1], [0.4, 0.6], [0.0, 1.0]])
THREE = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])


def test_numbers_are_moved_and_kept_above_the_least() -> None:
    """A slope, an intercept, and a lower limit where the loss has one; without a recalibration nothing changes."""
    assert recalibrated(NUMBERS, None) is NUMBERS
    assert recalibrated(NUMBERS, {"method": "linear", "slope": 0.5, "intercept": 1.0}).tolist() == [-0.5, 1.0, 6.0]
    assert recalibrated(NUMBERS, {"method": "scale", "slope": 2.0, "least": 0.1}).tolist() == [0.1, 0.1, 20.0]


@pytest.mark.parametrize("predicted", [TWO, THREE])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_a_temperature_keeps_the_order_of_the_classes(predicted: np.ndarray, temperature: float) -> None:
    """Rows keep the sum 1 and the order of their classes; a temperature of 1 changes nothing beyond rounding."""
    moved = recalibrated(predicted, {"method": "temperature", "temperature": temperature})
    assert np.allclose(moved.sum(axis=1), 1.0)
    assert (moved.argmax(axis=1) == predicted.argmax(axis=1)).all()
    if temperature == 1.0:
        assert np.allclose(moved, predicted, atol=1e-5)


def test_curves_give_probabilities() -> None:
    """One curve for two classes, one per class for more; no rows stay no rows."""
    curve = {"scores": [0.0, 1.0], "shares": [0.2, 0.6]}
    two = recalibrated(TWO, {"method": "isotonic", "curves": [curve]})
    assert np.allclose(two[:, 1], [0.24, 0.44, 0.6])
    three = by_curves(THREE, [([0.0, 1.0], [0.1, 0.9])] * 3)
    assert np.allclose(three.sum(axis=1), 1.0)
    assert recalibrated(TWO[:0], {"method": "isotonic", "curves": [curve]}).shape == (0, 2)
