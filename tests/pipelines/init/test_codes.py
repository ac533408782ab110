"""Columns of whole numbers that may be codes are found by their names and by how often their values come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.init.codes import likely_codes

N = 4000
DRAW = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("region", DRAW.integers(1, 13, N)),
        ("store_nr", DRAW.integers(1, 120, N)),
        ("StoreNumber", DRAW.integers(1, 40, N)),
        ("weather type", DRAW.poisson(1, N)),
        ("x7", DRAW.integers(1, 6, N)),
        ("x8", DRAW.choice([101, 205, 330, 777], N, p=[0.6, 0.2, 0.1, 0.1])),
        ("region", pd.Series(DRAW.integers(1, 13, N)).astype(float).mask(DRAW.random(N) < 0.1)),
    ],
    ids=["a region", "many stores", "a number by name", "a type", "evenly drawn", "far apart", "with gaps"],
)
def test_codes_are_found(name: str, values: Any) -> None:
    """By a word of the name, or by values that are about as frequent as each other or far apart."""
    assert likely_codes(pd.DataFrame({name: values}), [name]) == {name: pd.Series(values).nunique()}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_items", DRAW.integers(1, 9, N)),
        ("x1", DRAW.poisson(2, N)),
        ("x2", DRAW.binomial(12, 0.5, N)),
        ("x3", DRAW.integers(0, 2, N)),
        ("x4", DRAW.integers(0, 500, N)),
        ("store", DRAW.integers(0, 3000, N)),
        ("region", DRAW.normal(size=N)),
        ("zone", DRAW.integers(-3, 4, N)),
    ],
    ids=["amount by name", "count", "one peak", "flag", "many values", "an id of each row", "fractions", "negative"],
)
def test_amounts_are_not(name: str, values: Any) -> None:
    """Counts, flags, fractions and numbers of many values stay numbers without a word."""
    assert likely_codes(pd.DataFrame({name: values}), [name]) == {}
