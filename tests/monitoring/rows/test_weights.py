"""Weights of rows: their unit does not matter, and whole ones repeat rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.weights import (
    Weighing,
    as_rows,
    averaged,
    counted,
    effective_rows,
    labelled,
    scaled,
    spread,
    weighted_median,
    weighted_quantile,
    weights_of,
)
from driftloop.monitoring.settings.columns import Columns

GENERATOR = np.random.default_rng(0)
VALUES = GENERATOR.lognormal(0, 1, 501)
WHOLE = GENERATOR.integers(1, 6, 501).astype(float)
COLUMNS = Columns(time="ts", target="y", numeric=("a",), weight="w")


def test_whole_weights_repeat_rows() -> None:
    """Mean, median and quantile are those of rows repeated as often as their weights."""
    repeated = np.repeat(VALUES, WHOLE.astype(int))
    assert averaged(VALUES, WHOLE) == pytest.approx(repeated.mean())
    assert weighted_median(VALUES, WHOLE) == pytest.approx(np.median(repeated))
    for quantile in (0.05, 0.5, 0.9):
        found = weighted_quantile(VALUES, WHOLE, quantile)
        assert found == np.quantile(repeated, quantile, method="inverted_cdf")


@pytest.mark.parametrize("unit", [1e-300, 1e-3, 7.0, 1e300])
def test_the_unit_of_weights_does_not_matter(unit: float) -> None:
    """Weights in another unit are the same weights, also near the ends of the range of numbers."""
    for made in (scaled, as_rows, effective_rows):
        assert np.asarray(made(WHOLE * unit)) == pytest.approx(np.asarray(made(WHOLE)))
    made_small = scaled(WHOLE * unit)
    assert made_small is not None
    assert weighted_median(VALUES, made_small) == weighted_median(VALUES, WHOLE)


def test_equal_weights_are_none() -> None:
    """Equal weights change nothing to the last bit: they count as no weights."""
    equal = np.full(9, 0.3)
    assert scaled(equal) is None
    assert as_rows(equal) is None
    assert effective_rows(equal) == 9.0
    assert (scaled(None), as_rows(None), scaled(np.empty(0))) == (None, None, None)


def test_spread_values_have_the_weighted_mean_and_its_variance() -> None:
    """The plain mean of the spread values is the weighted mean; their variance is that of a weighted mean by draws."""
    weights = GENERATOR.lognormal(0, 1, 20_000)
    values = GENERATOR.normal(3, 1, 20_000) + 0.2 * np.log(weights)
    made = spread(values, weights)
    assert made.mean() == pytest.approx(averaged(values, weights))
    parts = [averaged(values[at], weights[at]) for at in np.array_split(np.arange(20_000), 400)]
    # The standard error of a mean of 50 rows, by the spread values and by 400 such means.
    assert made.std() / np.sqrt(50) == pytest.approx(np.std(parts), rel=0.15)


def test_the_effective_number_is_that_of_equal_rows() -> None:
    """The variance of the weighted mean is that of as many equal rows, if weights and values are independent."""
    weights = GENERATOR.lognormal(0, 1, 200)
    means = [averaged(GENERATOR.normal(size=200), weights) for _ in range(4000)]
    assert 1 / np.var(means) == pytest.approx(effective_rows(weights), rel=0.1)
    assert effective_rows(np.zeros(3)) == effective_rows(np.empty(0)) == 0.0


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ([1.0, np.nan, np.nan], "2 of 3 weights are missing or not a number"),
        ([1.0, np.inf], "1 of 2 weights is infinite"),
        ([1.0, -0.5], "1 of 2 weights is negative, the least being -0.5"),
        ([np.nan, -1.0], "1 of 2 weights is missing or not a number; 1 of 2 weights is negative, the least being -1"),
        ([0.0, 0.0], "all 2 weights are 0"),
        ([0.0, 1e-300], None),
        ([1e300, 1e-300], None),
        ([], None),
    ],
)
def test_weights_that_cannot_be_used_are_counted(weights: list[float], problem: str | None) -> None:
    """Every kind of weight that cannot be used is named with its number; the effective number is then unknown."""
    found = Weighing.of(np.array(weights))
    assert found.problem == problem
    assert (found.effective > 0) == (problem is None and len(weights) > 0)
    if problem:
        assert as_rows(np.array(weights)) is None


def test_a_row_of_weight_0_has_no_label() -> None:
    """It is neither fitted nor scored; without a weight in the config every label counts."""
    frame = pd.DataFrame({"y": [1.0, 2.0, np.nan], "w": [0.0, 2.0, 1.0]})
    assert labelled(frame, COLUMNS).tolist() == [False, True, False]
    assert weights_of(frame, COLUMNS).tolist() == [0.0, 2.0, 1.0]
    assert counted(frame, COLUMNS) == 2
    assert labelled(frame, COLUMNS.unweighted).tolist() == [True, True, False]
    assert weights_of(frame, COLUMNS.unweighted) is None
    assert counted(frame, COLUMNS.unweighted) == 3


def test_a_loss_that_is_not_finite_stays_so_under_weights() -> None:
    """One infinite loss makes the weighted mean infinite, as it does the plain one; it does not become NaN."""
    assert spread(np.array([1.0, np.inf]), np.array([0.5, 1.5])).tolist() == [np.inf, np.inf]
