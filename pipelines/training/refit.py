"""The second fit, on all labeled rows, compared with the model that the gate judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import mean_interval
from driftloop.monitoring.records import Finding, FindingCode, Performance
from driftloop.monitoring.rows.weights import averaged, scaled
from driftloop.pipelines.gate import figure

Floats = NDArray[np.float64]
# How many current windows after its newest row a second fit is compared with what the gate measured.
FIRST_WINDOWS = 3
REFIT_BELOW_GATE = FindingCode(
    name="refit_below_gate",
    severities=("warning",),
    meaning="the second fit, on all rows, does significantly worse on its first windows than the gate measured",
    cause="the rows of the holdout were unusual, or the relation to the target has changed since",
    remedy="compare with the version before it: `driftloop rollback`; `training.refit: false` keeps the judged model",
)


def why_not(
    judged: Floats,
    final: Floats,
    target: NDArray[Any],
    *,
    loss: Loss,
    classes: Sequence[str] = (),
    weights: Floats | None = None,
) -> str | None:
    """Return why the second fit must not serve in place of the model that the gate judged, or None.

    Both predict the held-out rows, which the second fit has learned from: shape (n,) for regression, (n, k) otherwise.
    It is refused if a prediction is not a number; if it predicts those rows significantly worse than the judged model,
    which was not trained on them; or if it is farther from the judged model than twice that model's own error, on
    average over the rows, under their `weights` if there are any. The last bound follows from the triangle inequality:
    |final - judged| <= |final - y| + |y - judged|, and a second fit that is no worse has at most the same error on both
    sides. Distance is the absolute difference of numbers, and the total variation of probabilities.

    >>> from driftloop.monitoring.losses import named
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> why_not(y + 0.5, y + 0.25, y, loss=named("mae")) is None
    True
    >>> why_not(y + 0.5, y - 0.9, y, loss=named("mae"))
    'mae 0.9 on 4 held-out rows that it has learned from, where the judged model has 0.5'
    """
    rows = len(target)
    if not rows:
        return None
    if not np.isfinite(final).all():
        return f"{int((~np.isfinite(final)).sum()):,} of its predictions on {rows:,} held-out rows are not finite"
    weights = scaled(weights)
    losses = [loss.whole(loss.rows(target, predicted, classes), target, weights) for predicted in (final, judged)]
    _, low, _ = mean_interval(losses[0] - losses[1])
    # Two models that are right on all rows may still differ by rounding.
    least = 1e-6 * float(np.abs(judged).mean())
    if low > least:
        own, theirs = (figure(float(each.mean())) for each in losses)
        return f"{loss} {own} on {rows:,} held-out rows that it has learned from, where the judged model has {theirs}"
    moved, error = _distances(judged, final, target, classes, weights)
    if moved > 2 * error + least:
        return (
            f"its predictions on {rows:,} held-out rows are {figure(moved)} from those of the judged model on average, "
            f"more than twice that model's error of {figure(error)}"
        )
    return None


def below_gate(
    version: str, performance: Performance | None, age_batches: float | None, *, previous: bool = True
) -> tuple[Finding, ...]:
    """Report that a second fit does worse than the gate measured, on one of its first labeled windows.

    `age_batches` is how much older the newest row it has learned from is than the end of the window, in windows; the
    loss that the gate measured is the reference loss. Without a `previous` version the advice is another one.
    """
    if performance is None or performance.standing != "worse" or age_batches is None or age_batches > FIRST_WINDOWS:
        return ()
    advice = (
        "`driftloop rollback` brings the previous one back"
        if previous
        else "there is no previous version; `training.refit: false` keeps the judged model at the next retrain"
    )
    message = (
        f"version {version} was fitted again on all rows after the gate, which had measured {performance.title} "
        f"{figure(performance.reference_loss)}; its first labeled rows have {figure(performance.loss)} "
        f"({figure(performance.low)} to {figure(performance.high)}). {advice}"
    )
    return (REFIT_BELOW_GATE.found(message),)


def _distances(
    judged: Floats, final: Floats, target: NDArray[Any], classes: Sequence[str], weights: Floats | None
) -> tuple[float, float]:
    """The mean distance between both models, and between the judged one and the truth."""
    if not classes:
        missed = np.abs(np.asarray(target, np.float64) - judged)
        return averaged(np.abs(final - judged), weights), averaged(missed, weights)
    truth = np.asarray(target, dtype=object)[:, None] == np.asarray(classes, dtype=object)[None, :]
    moved = np.abs(final - judged).sum(axis=1)
    return averaged(moved, weights) / 2, averaged(1.0 - (judged * truth).sum(axis=1), weights)
