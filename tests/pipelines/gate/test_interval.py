"""The mean difference and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate.interval import block_length, mean_difference


def test_nineteen_of_twenty_intervals_hold_the_mean() -> None:
    """On independent rows a 95% CI covers the true mean in about 95 of 100 draws, here at least 88."""
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(100):
        _, low, high = mean_difference(generator.exponential(size=400), resamples=400, seed=seed)
        covered += low <= 1.0 <= high
    assert covered >= 88


def test_neighbors_that_err_alike_widen_it() -> None:
    """Ten bad days of 100 rows each say as much as ten rows, not as a thousand."""
    generator = np.random.default_rng(0)
    days = np.repeat(generator.normal(size=10), 100)
    alone = generator.normal(size=1000)
    widths = [high - low for _, low, high in (mean_difference(days), mean_difference(alone))]
    assert widths[0] > 4 * widths[1]


@pytest.mark.parametrize("n", range(1, 6))
def test_a_handful_of_values_has_no_bounds(n: int) -> None:
    """Below six values that differ nothing can be excluded; equal values are certain."""
    mean, low, high = mean_difference(np.arange(n, dtype=float))
    assert mean == (n - 1) / 2
    if n > 1:
        assert (low, high) == (-np.inf, np.inf)
    assert mean_difference(np.full(n, 0.25)) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("n", [6, 7, 50, 1000, 10_000])
def test_there_are_at_least_three_blocks(n: int) -> None:
    """A block is never longer than a third of the rows, and grows with them."""
    assert 1 <= block_length(n) <= n // 3
    assert block_length(n) <= block_length(n + 1000)
