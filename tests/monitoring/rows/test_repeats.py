"""Values that repeat are found in whatever parts they arrive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.repeats import Repeats, hashed

DAYS = pd.to_datetime(["2026-01-01", "2026-01-02"])


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_repeats_do_not_depend_on_the_parts(size: int) -> None:
    """Every value that was there before is marked, and those that share a value are counted as pandas counts them."""
    values = pd.Series(np.random.default_rng(0).integers(0, 800, 1000))
    repeats, marked = Repeats(), []
    for start in range(0, len(values), size):
        marked += repeats.add(hashed(values.iloc[start : start + size])).tolist()
    assert marked == values.duplicated().tolist()
    assert repeats.sharing == values.duplicated(keep=False).sum() > 0


def test_nothing_repeats_nothing() -> None:
    """Without values there is no repetition."""
    repeats = Repeats()
    assert repeats.add(hashed(pd.Series([], dtype="float64"))).tolist() == []
    assert repeats.sharing == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.Series([1, 2]), pd.Series([1.0, 2.0])),
        (pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64")),
        (pd.Series([1, 2]), pd.Series([1, 2], dtype="uint8")),
        (pd.Series([2**53 + 1, 2]), pd.Series([2**53 + 1, 2, None], dtype="Int64")),
        (pd.Series([2**53 + 1, 2]), pd.Series([2**53 + 1, 2, 2**70], dtype=object)),
        (pd.Series(["a", "b"]), pd.Series(["a", "b"], dtype="category")),
        (pd.Series(DAYS), pd.Series(DAYS).dt.as_unit("s")),
    ],
)
def test_equal_values_of_other_types_are_equal(one: pd.Series[Any], other: pd.Series[Any]) -> None:
    """A part with nulls, or with larger numbers, may have another type; its values stay the same."""
    assert (hashed(one) == hashed(other)[: len(one)]).all()
    assert hashed(one)[0] != hashed(other)[1]
