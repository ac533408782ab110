"""Cost of a course of versions, batch by batch."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.backtest.costs import Play, course, measured
from driftloop.pipelines.backtest.cures import Gains, Served
from driftloop.pipelines.backtest.world import World

LOSS = np.triu(np.add.outer(np.arange(8.0), np.zeros(8)) + 1.0, 1)  # model i loses i + 1 on every later batch


def world(delay: int = 0) -> World:
    return World(LOSS, None, None, [50] * 8, None, None, 3 + delay, delay)


def test_a_schedule_is_followed_batch_by_batch() -> None:
    """A model serves from the batch after its retrain, and learned from the batches with labels; a cure stays on it."""
    walked = course(world(), [4, 6], [(5, 5)])
    assert walked.served == (Served(2), Served(2), Served(4), Served(4, 5), Served(6))
    assert (walked.retrains, walked.cures, walked.judged) == ((4, 6), (5,), 4)
    late = course(world(delay=1), [5])
    assert late.served == (Served(2), Served(2), Served(4), Served(4))


def test_a_course_costs_its_losses_and_all_that_was_done() -> None:
    """Retrains, probes and recalibrations each have their price; a recalibrated model loses less by its gain."""
    values = np.full((8, 8, 4), np.nan)
    values[4, 5] = 0.5
    play = Play(world(), 2.0, 0.1, best=10.0, gains=Gains(values, 0.01), cure_price=0.25)
    done = measured("one", play, course(world(), [4, 6], [(5, 5)]))
    assert done.losses == (3.0, 3.0, 5.0, 4.5, 7.0)
    assert done.total_cost == pytest.approx(22.5 + 2 * 2.0 + 0.25)
    assert done.regret == pytest.approx(100 * (26.75 / 10 - 1))
    assert done.served == (2, 2, 4, 4, 6)
    assert done.switching_regret is None


def test_a_retrain_that_gained_less_than_it_cost_is_a_false_alarm() -> None:
    """Compared with keeping the version that served before, recalibrated or not, until the next retrain."""
    play = Play(world(), 2.0, 0.0, best=1.0)
    assert measured("one", play, course(world(), [4, 6])).false_alarms == 2
    falling = World(8.0 - LOSS, None, None, [50] * 8, None, None, 3, 0)
    assert measured("one", Play(falling, 0.5, 0.0, best=1.0), course(falling, [4])).false_alarms == 0
