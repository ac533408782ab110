"""The cheapest schedule of retrains in hindsight, which every policy is measured against. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_schedule(loss: Floats, cost: float, start: int, label_delay: int = 0) -> tuple[float, tuple[int, ...]]:
    """Find the least total cost from batch `start` on and the batches at whose end one retrains for it.

    Shape (B, B): `loss[i, j]` is the loss on batch j of the model trained at the end of batch i. The first model is the
    freshest whose labels were known: `start - 1 - label_delay`. One that retrains at the end of batch t learns from
    the rows up to t - label_delay, serves from t + 1 and costs `cost`. By dynamic programming from the last batch
    back: V(i) = min(S(i, B), min over t of S(i, t) + cost + V(t - label_delay)), S being the loss of i up to t.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 5.0, 5.0], [nan, nan, 1.0, 5.0], [nan, nan, nan, 4.5], [nan] * 4])
    >>> best_schedule(loss, cost=1.0, start=1)
    (8.0, (1,))
    """
    batches = len(loss)
    ends = range(start, batches - 1)
    served = np.nancumsum(np.where(np.triu(np.ones(loss.shape), 1) > 0, loss, 0.0), axis=1)
    value, follow = np.zeros(batches), np.full(batches, -1)
    for model in reversed([start - 1 - label_delay, *(end - label_delay for end in ends)]):
        begins = model + label_delay  # the batch at whose end it takes over
        value[model] = served[model, -1] - served[model, begins]
        for end in range(max(begins + 1, start), batches - 1):
            total = served[model, end] - served[model, begins] + cost + value[end - label_delay]
            if total < value[model]:
                value[model], follow[model] = total, end
    schedule, model = [], start - 1 - label_delay
    while follow[model] >= 0:
        schedule.append(int(follow[model]))
        model = int(follow[model]) - label_delay
    return float(value[start - 1 - label_delay]), tuple(schedule)
