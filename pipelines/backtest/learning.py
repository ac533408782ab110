"""What a loss matrix teaches about a model: how fast it ages, how far a probe is behind, what a batch costs. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Learned

Floats = NDArray[np.float64]
# Fewer models teach less than those that had too little to learn from.
FEWEST = 4


def learn(loss: Floats, probe: Floats | None = None, *, short: int = 0) -> Learned:
    """Learn from all batches of the matrices, shape (B, B); pass the part that was known at the time.

    `loss[i, j]`: the loss on batch j of the model trained at the end of batch i. `probe[j - 1, j]`: that of the probe.
    The first `short` models learned from less than a whole training window: they age otherwise than those that a
    retrain will make, and are left out if four others are there.
    The age curve is the mean gap to the freshest model at each age, made monotone by pooling adjacent violators
    (each age weighs as many pairs as were seen), and zero at age 0.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 1.3, 1.2], [nan, nan, 1.0, 1.1], [nan, nan, nan, 1.0], [nan] * 4])
    >>> learn(loss).age_gap
    (0.0, 0.2, 0.2)
    """
    if len(loss) - short >= FEWEST:
        loss, probe = loss[short:, short:], None if probe is None else probe[short:, short:]
    batches = len(loss)
    fresh = np.array([loss[j - 1, j] for j in range(1, batches)])
    gaps: list[list[float]] = [[] for _ in range(batches - 1)]
    for i in range(batches - 1):
        for j in range(i + 1, batches):
            gaps[j - i - 1].append(loss[i, j] - fresh[j - 1])
    handicap = 0.0
    if probe is not None:
        behind = np.array([probe[j - 1, j] for j in range(1, batches)]) - fresh
        behind = behind[np.isfinite(behind)]
        handicap = float(np.median(behind)) if len(behind) else 0.0
    curve = monotone(np.array([np.mean(values) for values in gaps]), np.array([float(len(values)) for values in gaps]))
    return Learned(
        batch_loss=float(fresh.mean()),
        age_gap=tuple(round(float(gap), 12) for gap in np.maximum(curve, 0.0)),
        handicap=handicap,
        batches=batches,
    )


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
