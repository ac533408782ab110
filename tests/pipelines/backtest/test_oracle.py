"""The cheapest schedule in hindsight, compared with all schedules."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from driftloop.pipelines.backtest.oracle import best_schedule


def cost_of(loss: np.ndarray, schedule: tuple[int, ...], cost: float, start: int, delay: int) -> float:
    """What one schedule costs, batch by batch."""
    model, total = start - 1 - delay, cost * len(schedule)
    for batch in range(start, len(loss)):
        if batch - 1 in schedule:
            model = batch - 1 - delay
        total += loss[model, batch]
    return float(total)


@pytest.mark.parametrize("cost", [0.0, 0.3, 2.0, 50.0])
@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_is_cheaper(cost: float, delay: int, seed: int) -> None:
    """On random losses of 9 batches it is the least of all 2^n schedules, and costs what it states."""
    loss, start = np.random.default_rng(seed).uniform(1, 3, (9, 9)), 3
    ends = range(start, 8)
    every = [some for count in range(len(ends) + 1) for some in combinations(ends, count)]
    least, schedule = best_schedule(loss, cost, start, delay)
    assert least == pytest.approx(min(cost_of(loss, some, cost, start, delay) for some in every))
    assert cost_of(loss, schedule, cost, start, delay) == pytest.approx(least)


def test_a_retrain_that_never_pays_is_not_made() -> None:
    """A cost above all losses keeps the first model, and an even aging at a low cost retrains again and again."""
    ages = np.subtract.outer(np.arange(10), np.arange(10)).T - 1.0
    assert best_schedule(1 + 0.1 * ages, 1000.0, 3) == (pytest.approx(7 + 0.1 * sum(range(7))), ())
    assert len(best_schedule(1 + 0.1 * ages, 0.01, 3)[1]) > 3
