"""Laws of a single column's score that hold without Evidently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.report.evidently_scores import (
    encode,
    permuted_total_variation,
    standardise,
    two_sample_chisquare,
)


def global_generator() -> int:
    """Fingerprint numpy's global generator."""
    return hash(np.random.get_state(legacy=False)["state"]["key"].tobytes())  # noqa: NPY002


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-7, 0.0), (1e6, 1e12), (1e-200, 0.0)])
def test_units_do_not_matter(scale: float, offset: float) -> None:
    """The same shift in other units is the same: Evidently's own Wasserstein loses it below 0.001."""
    rng = np.random.default_rng(0)
    old, new = pd.Series(rng.normal(size=500)), pd.Series(rng.normal(size=500) + 1)
    plain, scaled = standardise(old, new), standardise(old * scale + offset, new * scale + offset)
    np.testing.assert_allclose(plain[1], scaled[1], atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 5.0, -1e100, 1e17, 5e-324])
def test_constants_stay_finite(value: float) -> None:
    """A constant reference gives finite numbers whatever the current side holds."""
    old, new = standardise(pd.Series([value] * 3), pd.Series([1e100, -1e100, value]))
    assert np.isfinite([*old, *new]).all()
    assert (old == 0).all()


def test_encode_by_name() -> None:
    """Labels become numbers by name, so that sums do not depend on the hash seed of the process."""
    names = [f"level {number:02}" for number in range(30)]
    old, new = encode(pd.Series(names[::-1], dtype=object), pd.Series(["level 07"], dtype=object))
    assert (old.tolist(), new.tolist()) == (list(range(30))[::-1], [7])


@pytest.mark.parametrize("test", [two_sample_chisquare, permuted_total_variation])
@pytest.mark.parametrize("levels", [3, 10, 30])
def test_false_alarms(test: object, levels: int) -> None:
    """Without drift, p < 0.05 in about one case of twenty; Evidently's chi-square: 19 to 90 % (FACTS).

    300 draws at 5% are 15 with a standard deviation of 3.8, so 30 is four of them away.
    """
    rng = np.random.default_rng(1)
    alarms = sum(
        test(rng.multinomial(1000, np.ones(levels) / levels), rng.multinomial(1000, np.ones(levels) / levels)) < 0.05  # type: ignore[operator]
        for _ in range(300)
    )
    assert alarms <= 30


@pytest.mark.parametrize("test", [two_sample_chisquare, permuted_total_variation])
def test_power(test: object) -> None:
    """A level that grows from 10 to 16 % in 1000 rows a side is found."""
    assert test(np.array([900, 100]), np.array([840, 160])) < 0.01  # type: ignore[operator]


def test_permutation_leaves_numpy_alone() -> None:
    """Evidently's own TVD seeds numpy's global generator; ours does not touch it, and always answers the same."""
    before = global_generator()
    answers = {permuted_total_variation(np.array([50, 50]), np.array([45, 55])) for _ in range(2)}
    assert len(answers) == 1
    assert global_generator() == before
