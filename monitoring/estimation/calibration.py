"""Calibrated class probabilities, and the expected loss under them (CBPE)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.records import Record
from driftloop.monitoring.served.calibrating import by_curves

Floats = NDArray[np.float64]


class Calibration(Record):
    """Frequency of a class (`shares`) by its score (`scores`, increasing), linear in between."""

    scores: tuple[float, ...]
    shares: tuple[float, ...]


def learn_calibration(
    predicted: Floats, target: NDArray[np.object_], classes: Sequence[str], weights: Floats | None = None
) -> tuple[Calibration, ...]:
    """Learn one calibration per class from held-out rows: shape (n, k) of probabilities, (n,) of class names.

    Centered isotonic regression: each pooled block is at its mean score, with half a hit and half a miss added
    (Jeffreys), so that no probability becomes 0 or 1. Two classes need one calibration, of the second. Rows count by
    their `weights`, if there are any, with a mean of 1.

    >>> scores = np.array([0.1, 0.2, 0.8, 0.9])
    >>> target = np.array(["a", "a", "b", "b"], dtype=object)
    >>> (learned,) = learn_calibration(np.column_stack([1 - scores, scores]), target, ("a", "b"))
    >>> [round(score, 2) for score in learned.scores], [round(share, 3) for share in learned.shares]
    ([0.15, 0.85], [0.167, 0.833])
    """
    places = range(1, 2) if len(classes) == 2 else range(len(classes))
    return tuple(_isotonic(predicted[:, k], target == classes[k], weights) for k in places)


def apply_calibration(predicted: Floats, learned: Sequence[Calibration]) -> Floats:
    """Return calibrated probabilities of shape (n, k), whose rows have the sum 1.

    >>> learned = Calibration(scores=(0.2, 0.8), shares=(0.4, 0.6))
    >>> apply_calibration(np.array([[0.5, 0.5], [0.0, 1.0]]), [learned]).tolist()
    [[0.5, 0.5], [0.4, 0.6]]
    """
    return by_curves(predicted, [(curve.scores, curve.shares) for curve in learned])


def expected_losses(loss: Loss, predicted: Floats, calibrated: Floats, classes: Sequence[str]) -> Floats:
    """Return the expected loss of every row, shape (n,): the loss of each class, weighted by its probability.

    >>> from driftloop.monitoring.losses import named
    >>> predicted, calibrated = np.array([[0.9, 0.1]]), np.array([[0.7, 0.3]])
    >>> expected_losses(named("error_rate"), predicted, calibrated, ("a", "b")).round(6).tolist()
    [0.3]
    """
    answers = [np.full(len(predicted), name, dtype=object) for name in classes]
    parts = [calibrated[:, k] * loss.rows(answer, predicted, classes) for k, answer in enumerate(answers)]
    total: Floats = np.sum(parts, axis=0)
    return total


def _isotonic(scores: Floats, hits: NDArray[np.bool_], of_rows: Floats | None) -> Calibration:
    from scipy.optimize import isotonic_regression

    # Rows with the same score are one point, so that they get the same share.
    levels, place = np.unique(scores, return_inverse=True)
    weights = np.bincount(place, weights=of_rows).astype(np.float64)
    hit_weights = hits.astype(np.float64) if of_rows is None else hits * of_rows
    share = np.bincount(place, weights=hit_weights) / weights
    blocks = np.asarray(isotonic_regression(share, weights=weights).blocks)
    begins = blocks[:-1]
    rows = np.add.reduceat(weights, begins)
    hit = np.add.reduceat(share * weights, begins)
    center = np.add.reduceat(levels * weights, begins) / rows
    # Smoothing is stronger in blocks of few rows, so the order is restored.
    smoothed = np.maximum.accumulate((hit + 0.5) / (rows + 1.0))
    return Calibration(scores=tuple(center.tolist()), shares=tuple(smoothed.tolist()))
