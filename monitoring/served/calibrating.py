"""Recalibration of predictions: a stored function of the predictions alone, applied wherever a model predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_PROBABILITY = 1e-6


def recalibrated(predicted: Floats, stored: Mapping[str, Any] | None) -> Floats:
    """Return recalibrated predictions of the same shape: (n,) numbers or (n, k) probabilities; None changes nothing.

    `stored` has the keys of `Recalibration`: numbers become `slope` x + `intercept`, at least `least`; probabilities
    get another `temperature`, or follow one of the `curves` per class.

    >>> recalibrated(np.array([1.0, 3.0]), {"method": "shift", "intercept": 2.0}).tolist()
    [3.0, 5.0]
    >>> recalibrated(np.array([[0.2, 0.8]]), {"method": "temperature", "temperature": 2.0}).round(3).tolist()
    [[0.333, 0.667]]
    """
    if stored is None or not len(predicted):
        return predicted
    if predicted.ndim == 1:
        moved: Floats = stored.get("slope", 1.0) * predicted + stored.get("intercept", 0.0)
        return moved if stored.get("least") is None else np.maximum(moved, stored["least"])
    if stored["method"] == "temperature":
        powers = np.clip(predicted, LEAST_PROBABILITY, 1.0) ** (1 / stored["temperature"])
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    return by_curves(predicted, [(curve["scores"], curve["shares"]) for curve in stored["curves"]])


def by_curves(predicted: Floats, curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Floats:
    """Return probabilities of shape (n, k), whose rows have the sum 1, by one curve of scores and shares per class.

    Two classes need one curve, that of the second.
    """
    if len(curves) == 1:
        second = np.interp(predicted[:, 1], *curves[0])
        return np.column_stack([1.0 - second, second])
    raw = np.column_stack([np.interp(predicted[:, k], *curve) for k, curve in enumerate(curves)])
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))
