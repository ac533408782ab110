"""The share of rows whose most likely class is wrong."""

from __future__ import annotations

import numpy as np

from driftloop.monitoring.losses.error_rate import ErrorRate

CLASSES = ("a", "b")


def test_only_the_most_likely_class_counts() -> None:
    """Right by 51% is as good as by 99%; a tie goes to the first class."""
    predicted = np.array([[0.51, 0.49], [0.99, 0.01], [0.4, 0.6], [0.5, 0.5]])
    assert ErrorRate().rows(np.array(["a", "a", "a", "b"]), predicted, CLASSES).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_an_unknown_class_is_always_wrong() -> None:
    """No prediction hits a label that the model does not know."""
    predicted = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert ErrorRate().rows(np.array(["c", "c"]), predicted, CLASSES).tolist() == [1.0, 1.0]
