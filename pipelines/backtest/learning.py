"""What a loss matrix teaches about a model: how fast it ages, how far a probe is behind, what a batch costs. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Learned

Floats = NDArray[np.float64]
# At least so many batches teach the age curve, even if some models had too little to learn from.
FEWEST = 6


def learn(loss: Floats, probe: Floats | None = None, *, short: int = 0) -> Learned:
    """Learn from all batches of the matrices, shape (B, B); pass the part that was known at the time.

    `loss[i, j]`: the loss on batch j of the model trained at the end of batch i. `probe[j - 1, j]`: that of the probe.
    The first `short` models learned from less than a whole training window: they age differently from those that a
    retrain will make, and are left out as far as six batches remain. The probe bias is learned from all.

    Medians throughout: a batch with many times the usual loss, or one failed model, moves neither the unit nor the
    curve. The age curve is the median gap to the freshest model at each age, made monotone by pooling adjacent
    violators (each age weighs as many pairs as were seen), and zero at age 0.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 1.3, 1.2], [nan, nan, 1.0, 1.1], [nan, nan, nan, 1.0], [nan] * 4])
    >>> learn(loss).age_gap
    (0.0, 0.2, 0.2)
    """
    handicap = _handicap(loss, probe)
    left_out = max(0, min(short, len(loss) - FEWEST))
    loss = loss[left_out:, left_out:]
    batches = len(loss)
    fresh = np.diagonal(loss, 1)
    gaps = [np.diagonal(loss, age) - fresh[age - 1 :] for age in range(1, batches)]
    curve = monotone(
        np.array([np.median(values) for values in gaps]), np.array([float(len(values)) for values in gaps])
    )
    return Learned(
        batch_loss=float(np.median(fresh)),
        age_gap=tuple(round(float(gap), 12) for gap in np.maximum(curve, 0.0)),
        handicap=handicap,
        batches=batches,
    )


def _handicap(loss: Floats, probe: Floats | None) -> float:
    """Return the probe bias: the median of a probe's loss minus the full model's on the same batch."""
    if probe is None:
        return 0.0
    behind = np.diagonal(probe, 1) - np.diagonal(loss, 1)
    behind = behind[np.isfinite(behind)]
    return float(np.median(behind)) if len(behind) else 0.0


def monotone(values: Floats, weights: Floats) -> Floats:
    """The nearest sequence that never falls, by weighted least squares: pool adjacent violators (Ayer et al. 1955).

    >>> monotone(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    pools: list[list[float]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append([value, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            right, left = pools.pop(), pools.pop()
            total = left[1] + right[1]
            pools.append([(left[0] * left[1] + right[0] * right[1]) / total, total, left[2] + right[2]])
    return np.concatenate([np.full(int(count), value) for value, _, count in pools])
