"""The logarithmic loss of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from driftloop.monitoring.losses.log_loss import LogLoss

CLASSES = ("a", "b", "c")
PREDICTED = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])


def test_the_probability_of_the_true_class_counts() -> None:
    """Rows lose the negative logarithm of that probability, and the mean is scikit-learn's."""
    target = np.array(["a", "b", "a"])
    rows = LogLoss().rows(target, PREDICTED, CLASSES)
    assert rows == pytest.approx(-np.log([0.5, 0.8, 0.2]))
    assert rows.mean() == pytest.approx(log_loss(target, PREDICTED, labels=CLASSES))


def test_a_sure_mistake_is_costly_and_finite() -> None:
    """A true class with probability 0 loses much, and so does a class that the model does not know."""
    sure = np.array([[1.0, 0.0, 0.0]])
    for label in ("b", "unknown"):
        (lost,) = LogLoss().rows(np.array([label]), sure, CLASSES)
        assert np.isfinite(lost)
        assert lost > 20
