"""Recalibration of a model: a function of its predictions alone, fitted on newer labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from driftloop.monitoring.causes import mean_amount
from driftloop.monitoring.errors import LossRaised, LossUnusable
from driftloop.monitoring.estimation import Calibration, learn_calibration
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.base import NumberLoss
from driftloop.monitoring.records import Cure, Record, figure
from driftloop.monitoring.rows.weights import averaged, scaled
from driftloop.monitoring.served.calibrating import LEAST_PROBABILITY, recalibrated

Floats = NDArray[np.float64]
Method = Literal["shift", "linear", "scale", "temperature", "isotonic"]
LEAST_ROWS = 200  # labeled rows that a recalibration is fitted and tested on
TINY = 1e-9
TITLES: dict[Method, str] = {
    "shift": "a shift of all predictions",
    "linear": "a linear function of the predictions",
    "scale": "a factor on all predictions",
    "temperature": "another temperature of the probabilities",
    "isotonic": "isotonic regression of the probabilities",
}


class Recalibration(Record):
    """A function of predictions: `slope` x + `intercept` for numbers, a temperature or one curve per class otherwise.

    `least` is the smallest prediction that the loss allows, if it allows none below. `version` is the version whose
    model it belongs to; None before it is stored.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    least: float | None = None
    temperature: float = Field(default=1.0, gt=0)
    curves: tuple[Calibration, ...] = ()
    version: str | None = None

    def apply(self, predicted: Floats) -> Floats:
        """Return recalibrated predictions of the same shape, as the served model does (`served.calibrating`)."""
        return recalibrated(predicted, self.model_dump())

    def describe(self) -> str:
        """Return the function as text.

        >>> Recalibration(method="shift", intercept=-2.5).describe()
        'a shift of all predictions by -2.5'
        >>> Recalibration(method="linear", slope=0.5, intercept=1.0).describe()
        'a linear function of the predictions: 0.5 x + 1'
        """
        numbers = {
            "shift": f" by {figure(self.intercept)}",
            "linear": f": {figure(self.slope)} x + {figure(self.intercept)}",
            "scale": f": {figure(self.slope)}",
            "temperature": f": {figure(self.temperature)}",
        }
        return f"{TITLES[self.method]}{numbers.get(self.method, '')}"


class Attempt(NamedTuple):
    """A fitted recalibration, or None and the reason."""

    made: Recalibration | None
    reason: str = ""


def recalibrate(
    loss: Loss, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = (), weights: Floats | None = None
) -> Attempt:
    """Fit a recalibration on labeled rows in order of time; none, with the reason, where no method lowers the loss.

    The method is the one with the lowest loss on the last third of the rows after a fit on the first two; it is then
    fitted on all of them. Numbers are moved by a shift or a linear function, by a factor where the loss allows only
    positive predictions, and always so that the loss itself is lowest. Probabilities get a temperature (Guo et al.
    2017) or isotonic regression per class (Zadrozny and Elkan 2002): both make them true, which the decisions of
    `cost_matrix` and `error_rate` need too. Needs 100 rows with a finite prediction.
    """
    if len(target) < LEAST_ROWS // 2:
        return Attempt(None, f"{len(target)} labeled rows to fit a recalibration on, at least {LEAST_ROWS // 2}")
    if not np.isfinite(predicted).all():
        return Attempt(None, "not applicable: some predictions are not finite")
    cut = len(target) * 2 // 3
    early, late = slice(None, cut), slice(cut, None)
    parts = [None if weights is None else weights[part] for part in (early, late)]
    before = _mean(loss, target[late], predicted[late], classes, parts[1])
    found: dict[Method, float] = {}
    for method in _methods(loss, classes):
        try:
            tried = _fitted(method, loss, target[early], predicted[early], classes, parts[0])
            found[method] = _mean(loss, target[late], tried.apply(predicted[late]), classes, parts[1])
        except (LossRaised, LossUnusable):
            # A function of the user's own need not accept every prediction.
            continue
    if not found:
        return Attempt(None, f"not applicable: {loss} accepts no moved predictions")
    best = min(found, key=lambda method: found[method])
    if not found[best] < before:
        tries = ", ".join(f"{method} {figure(lost)}" for method, lost in found.items())
        return Attempt(None, f"no method lowers {loss} {figure(before)} on the newest third of its rows: {tries}")
    return Attempt(_fitted(best, loss, target, predicted, classes, weights))


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
    made = recalibrate(loss, target[older], predicted[older], classes, parts[0]).made
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
        return _scale(loss, labels, predicted, weights)
    fitted = partial(_moved, loss, labels, predicted, weights)
    if method == "shift" or np.ptp(predicted) == 0:
        return fitted(1.0, method)
    return fitted(_least(lambda slope: _mean(loss, labels, fitted(slope).apply(predicted), (), weights)), method)


def _moved(
    loss: Loss, labels: Floats, predicted: Floats, weights: Floats | None, slope: float, method: Method = "linear"
) -> Recalibration:
    """Return the function with a given slope whose intercept has the lowest loss."""
    off = labels - slope * predicted
    if isinstance(loss, NumberLoss):
        # The loss depends on the difference alone, so the best intercept is the best constant of the differences.
        intercept = float(loss.best(off, (), weights))
    else:
        from scipy.optimize import minimize_scalar

        bounds = (float(off.min()), float(off.max()) + TINY)
        intercept = float(
            minimize_scalar(
                lambda by: _mean(loss, labels, slope * predicted + by, (), weights), bounds=bounds, method="bounded"
            ).x
        )
    return Recalibration(method=method, slope=slope, intercept=intercept)


def _scale(loss: Loss, labels: Floats, predicted: Floats, weights: Floats | None) -> Recalibration:
    least = max(loss.lowest or 0.0, TINY)

    def scaled_by(slope: float) -> Recalibration:
        return Recalibration(method="scale", slope=slope, least=least)

    return scaled_by(_least(lambda slope: _mean(loss, labels, scaled_by(slope).apply(predicted), (), weights)))


def _least(lost: Callable[[float], float]) -> float:
    """Return the factor between 1/20 and 20 with the lowest loss, which is searched on a logarithmic scale."""
    from scipy.optimize import minimize_scalar

    return float(np.exp(minimize_scalar(lambda log: lost(float(np.exp(log))), bounds=(-3.0, 3.0), method="bounded").x))


def _temperature(
    target: NDArray[Any], predicted: Floats, classes: Sequence[str], weights: Floats | None
) -> Recalibration:
    """Find the temperature with the least log loss."""
    hits = target.astype(object)[:, None] == np.asarray(classes, dtype=object)[None, :]
    known = hits.any(axis=1)
    logs, hits = np.log(np.clip(predicted[known], LEAST_PROBABILITY, 1.0)), hits[known]
    by = None if weights is None else weights[known]

    def lost(temperature: float) -> float:
        moved = logs / temperature
        highest = moved.max(axis=1, keepdims=True)
        total = highest[:, 0] + np.log(np.exp(moved - highest).sum(axis=1))
        return float(np.average(total - moved[hits], weights=by))

    if not known.any():
        return Recalibration(method="temperature")
    return Recalibration(method="temperature", temperature=_least(lost))


def _isotonic(target: NDArray[Any], predicted: Floats, classes: Sequence[str], weights: Floats | None) -> Recalibration:
    """Fit one curve per class, of the second alone if there are two (`estimation.learn_calibration`)."""
    return Recalibration(
        method="isotonic", curves=learn_calibration(predicted, target.astype(object), classes, weights)
    )
