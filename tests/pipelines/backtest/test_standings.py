"""Intervals of the regret, and the front that nothing beats."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.backtest.standings import on_front, regret_interval


def test_an_interval_is_narrow_where_batches_agree_and_wide_where_not() -> None:
    """Always ten percent more expensive leaves no doubt; in a few batches it leaves much. The seed decides."""
    best = np.ones(40)
    assert regret_interval(1.1 * best, best) == pytest.approx((10.0, 10.0))
    lumpy = best + 4.0 * (np.arange(40) % 20 == 0)
    low, high = regret_interval(lumpy, best)
    assert low < 10
    assert high > 30
    assert regret_interval(lumpy, best) == (low, high)
    assert regret_interval(best, np.zeros(40)) == (-np.inf, np.inf)


def test_on_the_front_nothing_is_better_in_both_ways() -> None:
    """Equal points are side by side; one that is worse in one way and equal in the other falls."""
    points = [(0.0, 3.0), (2.0, 1.0), (2.0, 1.0), (2.0, 2.0), (5.0, 1.0)]
    assert [on_front(one, points) for one in points] == [True, True, True, False, False]
