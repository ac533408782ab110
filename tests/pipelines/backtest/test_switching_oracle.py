"""The cheapest schedule of an oracle that may switch back, compared with all schedules."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.switching_oracle import best_with_switches


def cost_of(loss: np.ndarray, schedule: tuple[int, ...], cost: float, start: int, delay: int, history: range) -> float:
    """What one schedule costs where each batch is served by the best model there is."""
    total = cost * len(schedule)
    for batch in range(start, len(loss)):
        there = {start - 1 - delay, *history} | {end - delay for end in schedule if end < batch}
        total += min(loss[model, batch] for model in there)
    return float(total)


@pytest.mark.parametrize("cost", [0.0, 0.3, 2.0, 50.0])
@pytest.mark.parametrize(("delay", "known"), [(0, 0), (0, 3), (1, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_is_cheaper(cost: float, delay: int, known: int, seed: int) -> None:
    """On random losses of 9 batches it is the least of all 2^n schedules, and costs what it returns."""
    loss, start, history = np.random.default_rng(seed).uniform(1, 3, (9, 9)), 3, range(known)
    ends = range(start, 8)
    every = [some for count in range(len(ends) + 1) for some in combinations(ends, count)]
    least, schedule, served = best_with_switches(loss, cost, start, delay, history)
    assert least == pytest.approx(min(cost_of(loss, some, cost, start, delay, history) for some in every))
    assert sum(loss[model, batch] for batch, model in enumerate(served, start)) + cost * len(schedule) == pytest.approx(
        least
    )
    assert least <= best_schedule(loss, cost, start, delay)[0] + 1e-9
