"""Recalibrations in a replay: what they gain, when they replace a retrain, and the oracle that has them too."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from driftloop.pipelines.backtest.cures import Gains, Served, best_with_recalibrations
from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.replay import replay
from driftloop.pipelines.backtest.shelf import Kept

NAN = np.nan


def nothing(size: int, served: int = 3) -> np.ndarray:
    return np.full((size, size, 2 + served), NAN)


def cost_of(loss: np.ndarray, gains: Gains, moves: tuple[int, ...], prices: tuple[float, float], delay: int) -> float:
    """What a schedule costs, batch by batch: 0 keeps the model, 1 retrains, 2 recalibrates; infinite if impossible."""
    start, total, fitted = len(loss) - len(moves) - 1, 0.0, None
    model = start - 1 - delay
    for batch in range(start, len(loss)):
        total += loss[model, batch] - gains.lead(Served(model, fitted), batch)
        move = moves[batch - start] if batch - start < len(moves) else 0
        if move == 1:
            model, fitted, total = batch - delay, None, total + prices[0]
        elif move == 2 and (model >= batch - delay or gains.measured(model, batch - delay) is None):
            return np.inf
        elif move == 2:
            fitted, total = batch - delay, total + prices[1]
    return float(total)


@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("price", [0.0, 0.2, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_with_recalibrations_is_cheaper(price: float, delay: int, seed: int) -> None:
    """On random losses and gains it is the least of all 3^n schedules, and costs what it states."""
    draw, size, start = np.random.default_rng(seed), 8, 3
    loss, values = draw.uniform(1, 3, (size, size)), draw.uniform(0, 0.9, (size, size, 5))
    values[draw.random((size, size)) < 0.4] = NAN
    gains = Gains(values, 0.01)
    least, schedule, cures = best_with_recalibrations(loss, gains, 0.6, price, start, delay)
    every = (cost_of(loss, gains, moves, (0.6, price), delay) for moves in product(range(3), repeat=size - start - 1))
    assert least == pytest.approx(min(every))
    own = tuple(1 if at in schedule else 2 if at in dict(cures) else 0 for at in range(start, size - 1))
    assert cost_of(loss, gains, own, (0.6, price), delay) == pytest.approx(least)


def test_without_gains_it_is_the_oracle_without_recalibrations() -> None:
    """No recalibration has a significant gain: nothing changes."""
    loss = np.random.default_rng(5).uniform(1, 3, (12, 12))
    least, schedule, cures = best_with_recalibrations(loss, Gains(nothing(12), 0.01), 0.5, 0.01, 4)
    assert (least, schedule) == (pytest.approx(best_schedule(loss, 0.5, 4)[0]), best_schedule(loss, 0.5, 4)[1])
    assert cures == ()


def test_a_gain_lasts_as_it_was_measured() -> None:
    """On its own batch it is the measured gain, later that of each batch, and at last the one measured last."""
    values = nothing(9)
    values[0, 2] = (3.0, 2.5, 2.0, 1.0, 0.5)
    gains = Gains(values, 0.01)
    assert [gains.lead(Served(0, 2), batch) for batch in range(1, 8)] == [3.0, 3.0, 2.0, 1.0, 0.5, 0.5, 0.5]
    assert gains.lead(Served(0), 5) == 0.0
    assert (gains.measured(0, 2), gains.measured(1, 2)) == ((3.0, 2.5), None)


def level(size: int, at: int, rise: float = 4.0) -> tuple[np.ndarray, Gains]:
    """Losses of 1, and higher for models trained before a batch from that batch on, which a recalibration repairs."""
    loss, values = np.ones((size, size)), nothing(size)
    loss[:at, at:] += rise
    for model in range(at):
        values[model, max(at, model + 1) :] = rise - 0.2, rise - 0.3, *[rise - 0.2] * 3
    return loss, Gains(values, 0.01)


def test_a_recalibration_replaces_a_retrain_that_it_is_worth() -> None:
    """A rise that it repairs needs no retrain; the same policies without recalibrations are as before."""
    loss, gains = level(20, 10)
    policies = [{"policy": "cara", "cost": {"retrain": 2.0}}]
    plain, done = replay(loss, policies=policies, cost=2.0), replay(loss, policies=policies, cost=2.0, gains=gains)
    assert (plain.cured, plain.curing, done.policies) == ((), None, plain.policies)
    (one,), (before,) = done.cured, done.policies
    assert (before.schedule, one.schedule, one.recalibrations) == ((10,), (), (10,))
    assert one.losses[10 - done.start :] == (5.0, *[pytest.approx(1.2)] * 9)
    assert one.total_cost == pytest.approx(sum(one.losses) + 0.01)
    assert done.curing is not None
    assert done.curing.total_cost <= one.total_cost < before.total_cost
    assert one.regret == pytest.approx(100 * (one.total_cost / done.curing.total_cost - 1))


def test_what_gains_too_little_is_followed_by_the_retrain() -> None:
    """A small part of the rise is not worth a retrain: the champion is trained in the same batch."""
    loss, gains = level(20, 10)
    small = Gains(gains.values * 0.2, 0.01)
    (one,) = replay(loss, policies=[{"policy": "cara"}], cost=0.2, gains=small).cured
    assert (one.schedule, one.recalibrations) == ((10,), ())
    assert one.losses[-1] == 1.0


def test_with_an_archive_too_a_check_does_one_thing_at_a_time() -> None:
    """A rise is recalibrated away; once the old level is back, the archive brings back the model as it was.

    Neither does as well without the other.
    """
    size, risen, over = 24, 10, 16
    loss, values = np.ones((size, size)), nothing(size, served=12)
    loss[:risen, risen:over] = 5.0
    for model, fitted in product(range(risen), range(risen, over)):
        values[model, fitted, :2] = 3.8, 3.7
        values[model, fitted, 2:] = np.where(fitted + 1 + np.arange(12) < over, 3.8, -4.0)
    policies, kept = [{"policy": "cara", "cost": {"retrain": 6.0}}], Kept(np.zeros((size, size, 2)))
    done = replay(loss, policies=policies, cost=6.0, gains=Gains(values, 0.01), kept=kept)
    (both,), (cured,), (archived,) = done.both, done.cured, done.archived
    assert (both.schedule, both.recalibrations, both.switches) == ((), (11,), (16,))
    assert both.losses[over - done.start :] == (5.0, *[1.0] * 7)
    assert both.total_cost < min(cured.total_cost, archived.total_cost)
    assert done.with_both is not None
    assert done.curing is not None
    assert done.switching is not None
    assert done.with_both.total_cost <= min(both.total_cost, done.curing.total_cost, done.switching.total_cost)
    assert both.regret == pytest.approx(100 * (both.total_cost / done.with_both.total_cost - 1))
    assert replay(loss, policies=["never"], gains=Gains(values, 0.01)).both == ()
