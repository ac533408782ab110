"""The squared error of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from driftloop.monitoring.losses.brier import Brier


def test_two_classes_are_scikit_learns_score() -> None:
    """The squared distance of the probability of the second class from 0 or 1."""
    target, second = np.array(["no", "yes", "yes"]), np.array([0.25, 0.5, 1.0])
    rows = Brier().rows(target, np.column_stack([1 - second, second]), ("no", "yes"))
    assert rows.tolist() == [0.0625, 0.25, 0.0]
    assert rows.mean() == pytest.approx(brier_score_loss(target, second, pos_label="yes"))


def test_many_classes_are_summed() -> None:
    """All of the mass on a wrong class loses 2, an even guess of three classes 2/3."""
    predicted = np.array([[0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]])
    rows = Brier().rows(np.array(["a", "a", "a"]), predicted, ("a", "b", "c"))
    assert rows == pytest.approx([2.0, 2 / 3, 0.0])


def test_an_unknown_class_is_wrong_whatever_was_predicted() -> None:
    """A label that is no class loses at least as much as the surest mistake."""
    (lost,) = Brier().rows(np.array(["unknown"]), np.array([[1.0, 0.0, 0.0]]), ("a", "b", "c"))
    assert lost == 2.0
