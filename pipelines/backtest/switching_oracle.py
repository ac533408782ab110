"""The cheapest schedule in hindsight for an oracle that may also switch back to any earlier model, at no cost."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_with_switches(
    loss: Floats, cost: float, start: int, label_delay: int = 0, history: Collection[int] = ()
) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
    """Return the least total cost from batch `start` on, the batches at whose end one retrains, and who serves.

    As in `best_schedule`, except that each batch is served by the best of all models that exist by then: the first, the
    `history`, and every model trained since. Which models to train is the uncapacitated facility location problem,
    solved exactly as an integer program (HiGHS); each model is a facility that opens at `cost` and serves the batches
    after its training.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 5.0, 1.0], [nan, nan, 1.0, 5.0], [nan, nan, nan, 4.5], [nan] * 4])
    >>> best_with_switches(loss, cost=1.0, start=1)
    (4.0, (1,), (0, 1, 0))
    """
    batches = len(loss)
    free = sorted({start - 1 - label_delay, *history})
    played = np.arange(start, batches)
    base = loss[free][:, played]
    held = base.min(axis=0)
    ends = np.arange(start, batches - 1)
    # What each model that could be trained would win on each batch that it could serve.
    gain = np.maximum(held - loss[ends - label_delay][:, played], 0.0)
    gain[played[None, :] <= ends[:, None]] = 0.0
    trained = _facilities(np.nan_to_num(gain), cost)
    schedule = tuple(int(end) for end in ends[trained])
    served = []
    for at, batch in enumerate(played):
        models = [*free, *(end - label_delay for end in schedule if end < batch)]
        served.append(min(models, key=lambda model, batch=batch: float(loss[model, batch])))  # type: ignore[misc]
        held[at] = loss[served[-1], batch]
    return float(held.sum() + cost * len(schedule)), schedule, tuple(int(model) for model in served)


def _facilities(gain: Floats, cost: float) -> NDArray[np.bool_]:
    """Return which rows to open so that the sum of the best gains per column minus `cost` per open row is largest."""
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import coo_array, csr_array

    rows, columns = np.nonzero(gain)
    count, pairs = len(gain), len(rows)
    if not pairs:
        return np.zeros(count, dtype=bool)
    one, at = np.ones(pairs), np.arange(pairs)
    # Variables: each row open or not, then the share of a column that a row serves.
    opened = coo_array((np.r_[one, -one], (np.r_[at, at], np.r_[count + at, rows])), shape=(pairs, count + pairs))
    once = coo_array((one, (columns, count + at)), shape=(gain.shape[1], count + pairs))
    found = milp(
        np.r_[np.full(count, cost), -gain[rows, columns]],
        integrality=np.r_[np.ones(count), np.zeros(pairs)],
        bounds=(0, 1),
        constraints=[LinearConstraint(csr_array(opened), ub=0), LinearConstraint(csr_array(once), ub=1)],
    )
    chosen: NDArray[np.bool_] = found.x[:count] > 0.5
    return chosen
