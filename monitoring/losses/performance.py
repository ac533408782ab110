"""The mean loss of labeled rows, with an interval. Lower is better for every loss."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Performance, Window

Floats = NDArray[np.float64]
WAVES = 6
CELLS = 4096


def mean_interval(losses: Floats, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of rows in their order and an interval that stays honest when neighboring rows are alike.

    The variance of the mean is read off the slowest waves of the series: its first cosine coefficients, six of them
    where there are rows enough, against Student's t with as many degrees of freedom (Müller 2007, Lazarus, Lewis,
    Stock and Watson 2018). Six, because a week of bad and good days holds no more evidence than that, however many
    rows it has. One row, or a loss that is not finite, leaves the interval unbounded.

    >>> mean_interval(np.array([2.0, 2.0, 2.0, 2.0]))
    (2.0, 2.0, 2.0)
    >>> mean_interval(np.array([2.0]))
    (2.0, -inf, inf)
    """
    from scipy.stats import t

    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(losses.mean())
    error = standard_error(losses)
    if math.isinf(error):
        return mean, -math.inf, math.inf
    half = float(t.ppf(0.5 + confidence / 2, degrees(len(losses)))) * error
    return mean, mean - half, mean + half


def standard_error(losses: Floats) -> float:
    """The standard error of the mean of rows in their order, by the slowest waves of the series (`mean_interval`).

    It is infinite for one row or none, and for losses that are not finite.

    >>> standard_error(np.array([2.0, 2.0])), standard_error(np.array([2.0]))
    (0.0, inf)
    """
    n = len(losses)
    if n < 2:
        return math.inf
    with np.errstate(over="ignore", invalid="ignore"):
        mean = losses.mean()
        size = max(float(losses.max() - mean), float(mean - losses.min()))
    if not math.isfinite(size):
        return math.inf
    size = size or 1.0
    return float(np.linalg.norm(waves((losses - mean) / size))) * size


def waves(losses: Floats) -> Floats:
    """Return the slowest waves of series of rows in their order, scaled so that their norm is the standard error.

    Shape (n,) or (n, m) for m series, n > 1; returned with `degrees(n)` in place of n. They are linear in the losses:
    the standard error of the mean difference of two models on the same rows is the norm of the difference of their
    waves, for each pair of models, without their rows.

    >>> first, second = waves(np.array([[1.0, 1.5], [2.0, 2.5], [4.0, 4.5], [3.0, 3.5]])).T
    >>> round(float(np.linalg.norm(first - second)), 12)
    0.0
    """
    n = len(losses)
    steps = np.arange(1, degrees(n) + 1)[:, None]
    mean = losses.mean(axis=0)
    # The waves are slow: within a cell of n / 4096 rows they do not move, so the sum of a cell is enough. Some cells at
    # a time, so that nothing but the losses themselves grows with the rows.
    bounds = np.arange(min(n, CELLS) + 1) * n // min(n, CELLS)
    power = np.zeros((len(steps), *losses.shape[1:]))
    for first in range(0, len(bounds) - 1, CELLS // 8):
        ends = bounds[first : first + CELLS // 8 + 1]
        rest = np.add.reduceat(losses[ends[0] : ends[-1]] - mean, ends[:-1] - ends[0], axis=0)
        power += np.cos(steps * (math.pi * (ends[:-1] + ends[1:]) / 2 / n)) @ rest
    scaled: Floats = power * math.sqrt(2 / n / len(steps) / n)
    return scaled


def degrees(rows: int) -> int:
    """Degrees of freedom of `standard_error`: the number of waves that it reads."""
    return min(WAVES, math.isqrt(rows))


def assess(
    losses: Floats,
    *,
    loss_name: str,
    window: Window,
    reference_loss: float,
    reference_rows: int | None = None,
    effective_rows: float | None = None,
) -> Performance:
    """Sum up the losses of a window's labeled rows, with the champion's loss on its reference.

    `losses` are values whose mean is the loss (`Loss.whole`); with weights, `effective_rows` is what they are worth.
    No loss is negative, so neither is the interval.
    """
    mean, low, high = mean_interval(losses)
    return Performance(
        loss_name=loss_name,
        loss=mean,
        low=max(low, 0.0),
        high=high,
        rows=len(losses),
        window=window,
        reference_loss=reference_loss,
        reference_rows=reference_rows,
        effective_rows=effective_rows,
    )
