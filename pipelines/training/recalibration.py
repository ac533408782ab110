"""Recalibration of a model: a function of its predictions alone, fitted on newer labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from driftloop.monitoring.causes import mean_amount
from driftloop.monitoring.estimation import Calibration, apply_calibration, learn_calibration
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.records import Cure, Record, figure
from driftloop.monitoring.rows.weights import averaged, scaled

Floats = NDArray[np.float64]
Method = Literal["shift", "linear", "scale", "temperature", "isotonic"]
LEAST_ROWS = 200  # labeled rows that a recalibration is fitted and tested on
LEAST_PROBABILITY = 1e-6
TITLES: dict[Method, str] = {
    "shift": "a shift of all predictions",
    "linear": "a linear function of the predictions",
    "scale": "a factor on all predictions",
    "temperature": "another temperature of the probabilities",
    "isotonic": "isotonic regression of the probabilities",
}


class Recalibration(Record):
    """A function of predictions: `slope` x + `intercept` for numbers, a temperature or one curve per class otherwise.

    `least` is the smallest prediction that the loss allows, if it allows none below.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    least: float | None = None
    temperature: float = Field(default=1.0, gt=0)
    curves: tuple[Calibration, ...] = ()

    def apply(self, predicted: Floats) -> Floats:
        """Return recalibrated predictions of the same shape: (n,) numbers or (n, k) probabilities.

        >>> Recalibration(method="shift", intercept=2.0).apply(np.array([1.0, 3.0])).tolist()
        [3.0, 5.0]
        >>> Recalibration(method="temperature", temperature=2.0).apply(np.array([[0.2, 0.8]])).round(3).tolist()
        [[0.333, 0.667]]
        """
        if predicted.ndim == 1:
            moved = self.slope * predicted + self.intercept
            return moved if self.least is None else np.maximum(moved, self.least)
        if self.method == "temperature":
            powers = np.clip(predicted, LEAST_PROBABILITY, 1.0) ** (1 / self.temperature)
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        return apply_calibration(predicted, self.curves)


def recalibrate(
    loss: Loss, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = (), weights: Floats | None = None
) -> Recalibration | None:
    """Fit a recalibration on labeled rows in order of time; None where no method lowers the loss.

    The method is the one with the lowest loss on the last third of the rows after a fit on the first two; it is then
    fitted on all of them. Numbers are moved by a shift or a linear function, by a factor where the loss allows only
    positive predictions; probabilities by a temperature (Guo et al. 2017) or by isotonic regression per class (Zadrozny
    and Elkan 2002). Needs `LEAST_ROWS` rows with a finite loss.
    """
    if len(target) < LEAST_ROWS // 2 or not np.isfinite(predicted).all():
        return None
    cut = len(target) * 2 // 3
    early, late = slice(None, cut), slice(cut, None)
    parts = [None if weights is None else weights[part] for part in (early, late)]
    best, lowest = None, _mean(loss, target[late], predicted[late], classes, parts[1])
    for method in _methods(loss, classes):
        tried = _fitted(method, loss, target[early], predicted[early], classes, parts[0])
        lost = _mean(loss, target[late], tried.apply(predicted[late]), classes, parts[1])
        if lost < lowest:
            best, lowest = method, lost
    return None if best is None else _fitted(best, loss, target, predicted, classes, weights)


def measured_gain(
    loss: Loss, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = (), weights: Floats | None = None
) -> Cure | None:
    """Return by how much a recalibration on the older half of labeled rows lowers the loss of the newer half.

    None with too few rows, or where the difference is not significant.
    """
    if len(target) < LEAST_ROWS:
        return None
    half = len(target) // 2
    older, newer = slice(None, half), slice(half, None)
    parts = [None if weights is None else weights[part] for part in (older, newer)]
    made = recalibrate(loss, target[older], predicted[older], classes, parts[0])
    if made is None:
        return None
    by = scaled(parts[1]) if parts[1] is not None else None
    before, after = (
        loss.whole(loss.rows(target[newer], some, tuple(classes)), target[newer], by)
        for some in (predicted[newer], made.apply(predicted[newer]))
    )
    gain = mean_amount(before - after)
    if not gain.significant:
        return None
    message = f"{TITLES[made.method]}, fitted on the older half of the labeled rows, lowers the loss of the newer half "
    message += f"by {figure(gain.value)} (95% CI {figure(gain.low)} to {figure(gain.high)})"
    return Cure(action="recalibrate", gain=gain.value, low=gain.low, message=message)


def _methods(loss: Loss, classes: Sequence[str]) -> tuple[Method, ...]:
    if classes:
        return ("temperature", "isotonic")
    return ("shift", "linear") if loss.lowest is None else ("scale",)


def _mean(loss: Loss, target: NDArray[Any], predicted: Floats, classes: Sequence[str], weights: Floats | None) -> float:
    lost = loss.rows(target, predicted, tuple(classes))
    return averaged(loss.parts(lost, target, weights), weights)


def _fitted(
    method: Method,
    loss: Loss,
    target: NDArray[Any],
    predicted: Floats,
    classes: Sequence[str],
    weights: Floats | None,
) -> Recalibration:
    if method == "temperature":
        return _temperature(target, predicted, classes, weights)
    if method == "isotonic":
        return _isotonic(target, predicted, classes, weights)
    labels = np.asarray(target, dtype=np.float64)
    if method == "scale":
        total = averaged(predicted, weights)
        slope = averaged(labels, weights) / total if total > 0 else 1.0
        return Recalibration(method=method, slope=slope if slope > 0 else 1.0, least=max(loss.lowest or 0.0, 1e-9))
    slope = _slope(labels, predicted, weights) if method == "linear" else 1.0
    return Recalibration(
        method=method, slope=slope, intercept=float(loss.best(labels - slope * predicted, (), weights))
    )


def _slope(labels: Floats, predicted: Floats, weights: Floats | None) -> float:
    """Return the slope of a linear regression of the labels on the predictions; 1 if it is not positive."""
    from sklearn.linear_model import LinearRegression

    if np.ptp(predicted) == 0:
        return 1.0
    slope = float(LinearRegression().fit(predicted[:, None], labels, sample_weight=weights).coef_[0])
    return slope if slope > 0 else 1.0


def _temperature(
    target: NDArray[Any], predicted: Floats, classes: Sequence[str], weights: Floats | None
) -> Recalibration:
    """Find the temperature with the least log loss."""
    from scipy.optimize import minimize_scalar

    hits = target.astype(object)[:, None] == np.asarray(classes, dtype=object)[None, :]
    known = hits.any(axis=1)
    logs, hits = np.log(np.clip(predicted[known], LEAST_PROBABILITY, 1.0)), hits[known]
    by = None if weights is None else weights[known]

    def lost(log_temperature: float) -> float:
        moved = logs / np.exp(log_temperature)
        highest = moved.max(axis=1, keepdims=True)
        total = highest[:, 0] + np.log(np.exp(moved - highest).sum(axis=1))
        return float(np.average(total - moved[hits], weights=by))

    if not known.any():
        return Recalibration(method="temperature")
    found = minimize_scalar(lost, bounds=(-3.0, 3.0), method="bounded")
    return Recalibration(method="temperature", temperature=float(np.exp(found.x)))


def _isotonic(target: NDArray[Any], predicted: Floats, classes: Sequence[str], weights: Floats | None) -> Recalibration:
    """Fit one curve per class, of the second alone if there are two (`estimation.learn_calibration`)."""
    return Recalibration(
        method="isotonic", curves=learn_calibration(predicted, target.astype(object), classes, weights)
    )
