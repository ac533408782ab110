"""Calibrated class probabilities, and the loss that is to be expected under them (CBPE)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.records import Record

Floats = NDArray[np.float64]


class Calibration(Record):
    """How often a class came true (`shares`) at a score for it (`scores`, rising); straight lines in between."""

    scores: tuple[float, ...]
    shares: tuple[float, ...]


def learn_calibration(
    predicted: Floats, target: NDArray[np.object_], classes: Sequence[str]
) -> tuple[Calibration, ...]:
    """Learn one calibration a class from held-out rows: shape (n, k) of probabilities, (n,) of class names.

    Isotonic regression, centred: each pooled block stands at its mean score, with half a hit and half a miss added
    to it (Jeffreys), so that no probability becomes 0 or 1. Of two classes only the second needs one.

    >>> scores = np.array([0.1, 0.2, 0.8, 0.9])
    >>> target = np.array(["a", "a", "b", "b"], dtype=object)
    >>> (learnt,) = learn_calibration(np.column_stack([1 - scores, scores]), target, ("a", "b"))
    >>> [round(score, 2) for score in learnt.scores], [round(share, 3) for share in learnt.shares]
    ([0.15, 0.85], [0.167, 0.833])
    """
    places = range(1, 2) if len(classes) == 2 else range(len(classes))
    return tuple(_isotonic(predicted[:, k], target == classes[k]) for k in places)


def apply_calibration(predicted: Floats, learnt: Sequence[Calibration]) -> Floats:
    """Calibrated probabilities of shape (n, k), each row summing to one.

    >>> learnt = Calibration(scores=(0.2, 0.8), shares=(0.4, 0.6))
    >>> apply_calibration(np.array([[0.5, 0.5], [0.0, 1.0]]), [learnt]).tolist()
    [[0.5, 0.5], [0.4, 0.6]]
    """
    if len(learnt) == 1:
        second = np.interp(predicted[:, 1], learnt[0].scores, learnt[0].shares)
        return np.column_stack([1.0 - second, second])
    raw = np.column_stack([np.interp(predicted[:, k], one.scores, one.shares) for k, one in enumerate(learnt)])
    answer: Floats = raw / raw.sum(axis=1, keepdims=True)
    return answer


def expected_losses(loss: Loss, predicted: Floats, calibrated: Floats, classes: Sequence[str]) -> Floats:
    """The loss to be expected of every row, shape (n,): that of each possible answer, weighted by its probability.

    >>> from driftloop.monitoring.losses import named
    >>> predicted, calibrated = np.array([[0.9, 0.1]]), np.array([[0.7, 0.3]])
    >>> expected_losses(named("error_rate"), predicted, calibrated, ("a", "b")).round(6).tolist()
    [0.3]
    """
    answers = [np.full(len(predicted), name, dtype=object) for name in classes]
    parts = [calibrated[:, k] * loss.rows(answer, predicted, classes) for k, answer in enumerate(answers)]
    total: Floats = np.sum(parts, axis=0)
    return total


def _isotonic(scores: Floats, hits: NDArray[np.bool_]) -> Calibration:
    from scipy.optimize import isotonic_regression

    # Rows of one score are one point: pooled one by one they could come out at different shares.
    levels, place, weights = np.unique(scores, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=hits.astype(np.float64)) / weights
    blocks = np.asarray(isotonic_regression(share, weights=weights.astype(np.float64)).blocks)
    begins = blocks[:-1]
    rows = np.add.reduceat(weights, begins)
    hit = np.add.reduceat(share * weights, begins)
    centre = np.add.reduceat(levels * weights, begins) / rows
    # Blocks of few rows are smoothed more than those of many, so the order is restored.
    smoothed = np.maximum.accumulate((hit + 0.5) / (rows + 1.0))
    return Calibration(scores=tuple(centre.tolist()), shares=tuple(smoothed.tolist()))
