"""The cheapest schedule of an oracle that may switch back, compared with all schedules."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from driftloop.pipelines.backtest.cures import Gains, Served, best_with_recalibrations
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
    least, walked = best_with_switches(loss, cost, start, delay, history)
    assert least == pytest.approx(min(cost_of(loss, some, cost, start, delay, history) for some in every))
    lost = sum(loss[version.model, batch] for batch, version in enumerate(walked.served, start))
    assert lost + cost * len(walked.retrains) == pytest.approx(least)
    assert least <= best_schedule(loss, cost, start, delay)[0] + 1e-9


def lost(loss: np.ndarray, gains: Gains, made: tuple[Served, ...], free: list[Served], start: int) -> float:
    """What is lost where each batch is served by the best version there is; infinite if one cannot be made."""
    if any(one.fitted is not None and Served(one.model) not in {*made, *free} for one in made):
        return np.inf
    total = 0.0
    for batch in range(start, len(loss)):
        there = [*free, *(one for one in made if one.newest < batch)]
        total += min(loss[one.model, batch] - gains.lead(one, batch) for one in there)
    return total


@pytest.mark.parametrize("price", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_no_versions_are_cheaper_where_models_are_recalibrated_too(price: float, seed: int) -> None:
    """Of all sets of models and recalibrations of 7 batches it makes the cheapest, and costs what it returns."""
    draw, start, cost = np.random.default_rng(seed), 3, 0.5
    loss, values = draw.uniform(1, 3, (7, 7)), draw.uniform(0, 0.9, (7, 7, 4))
    values[draw.random((7, 7)) < 0.3] = np.nan
    gains, free = Gains(values, 0.01), [Served(0), Served(2)]
    least, walked = best_with_switches(loss, cost, start, 0, [0], gains, price)
    models = [*free, *map(Served, range(3, 6))]
    cured = [Served(one.model, at) for one in models for at in range(max(3, one.model + 1), 6)]
    possible = [*models[2:], *(one for one in cured if np.isfinite(values[one][0]))]
    every = (
        lost(loss, gains, some, free, start) + sum(cost if one.fitted is None else price for one in some)
        for count in range(len(possible) + 1)
        for some in combinations(possible, count)
    )
    assert least == pytest.approx(min(every))
    served = sum(loss[one.model, batch] - gains.lead(one, batch) for batch, one in enumerate(walked.served, start))
    assert served + cost * len(walked.retrains) + price * len(walked.cures) == pytest.approx(least)
    assert least <= best_with_switches(loss, cost, start, 0, [0])[0] + 1e-9
    assert least <= best_with_recalibrations(loss, gains, cost, price, start)[0] + 1e-9
