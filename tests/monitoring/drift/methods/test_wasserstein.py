"""The Wasserstein distance of numbers, from the profiles of both sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from driftloop.monitoring.drift.methods.wasserstein import MISSING_AWAY
from tests.monitoring.drift.sides import far

GENERATOR = np.random.default_rng(0)
OLD = GENERATOR.normal(size=5000)


@pytest.mark.parametrize("shift", [0.1, 0.5, -0.5])
def test_it_is_scipys_distance_in_interquartile_ranges(shift: float) -> None:
    """Counts and sums of cells are enough: the distance of all values, over the spread of the reference."""
    new = GENERATOR.normal(size=3000) + shift
    expected = stats.wasserstein_distance(OLD, new) / np.subtract(*np.quantile(OLD, [0.75, 0.25]))
    assert far("wasserstein", OLD, new) == pytest.approx(expected, rel=0.03)


def test_the_unit_does_not_matter() -> None:
    """Meters or kilometers: the same shift has the same score."""
    assert far("wasserstein", 1000 * OLD, 1000 * (OLD + 0.3)) == pytest.approx(far("wasserstein", OLD, OLD + 0.3))


def test_missing_values_are_moved_far_away() -> None:
    """Half of the values lost is half of the rows by that many interquartile ranges."""
    lost = np.where(np.arange(5000) % 2 == 0, np.nan, OLD)
    assert far("wasserstein", OLD, lost) == pytest.approx(MISSING_AWAY / 2, rel=0.02)
