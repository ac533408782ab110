"""The Cramér-von Mises distance is the textbook's statistic without its row counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.monitoring.drift.sides import far


@pytest.mark.parametrize("shift", [0.1, 0.3, 1.0])
def test_it_agrees_with_scipy(shift: float) -> None:
    """On clean data n m / (n + m) times its square is scipy's statistic, up to what the cells of a 256th round off."""
    generator = np.random.default_rng(0)
    old, new = generator.normal(size=5000), generator.normal(size=3000) + shift
    statistic = 5000 * 3000 / 8000 * far("cvm", old, new) ** 2
    assert statistic == pytest.approx(stats.cramervonmises_2samp(old, new).statistic, rel=0.02)


def test_it_sees_a_shift_of_all_values_better_than_of_one() -> None:
    """Of two changes with the same largest gap, the one that moves more of the distribution is further away."""
    values = np.arange(1000.0)
    everywhere, once = values + 100, np.where((values >= 450) & (values < 550), 550.0, values)
    assert far("ks", values, everywhere) == pytest.approx(far("ks", values, once), abs=0.01)
    assert far("cvm", values, everywhere) > 2 * far("cvm", values, once)
