"""Shares of values in bins that both sets of rows have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.report.histograms import BINS, LEVELS, histogram


def column(kind: str = "numeric", **more: object) -> ColumnReference:
    values = {"name": "x", "role": "feature", "kind": kind, "null_share": 0, "distinct": 9, "method": "ks"}
    return ColumnReference.model_validate(values | more)


def sums(bins: tuple[object, ...]) -> tuple[float, float]:
    return sum(one.earlier for one in bins), sum(one.later for one in bins)  # type: ignore[attr-defined]


def test_numbers_share_their_bins_and_outliers_stay_inside() -> None:
    """One value far outside does not squeeze all others into one bin; missing values are in none."""
    old, new = np.linspace(0, 1, 500), np.linspace(0.5, 1.5, 300)
    new[0], new[1] = 1e9, np.nan
    bins = histogram(pd.Series(old), pd.Series(new), column())
    assert len(bins) == BINS
    assert sums(bins) == pytest.approx((1.0, 1.0))
    assert bins[0].name.startswith("0.0")
    assert (bins[0].later, bins[-1].earlier) == (0.0, 0.0)


def test_few_values_have_a_bin_each() -> None:
    bins = histogram(pd.Series([1.0, 2.0, 2.0, 2.0]), pd.Series([2.0, 5.0]), column())
    assert [(one.name, one.earlier, one.later) for one in bins] == [("1", 0.25, 0), ("2", 0.75, 0.5), ("5", 0, 0.5)]


def test_categories_are_capped_and_nothing_has_no_bins() -> None:
    """Rare levels are one bin, new ones another, missing ones are in none; a column without a value has no bins."""
    levels = [f"level {n}" for n in range(40)]
    bins = histogram(pd.Series(levels * 2), pd.Series(["level 0", "new", None]), column("categorical"))
    assert [one.name for one in bins if "(" in one.name] == ["(other)", "(unseen)"]
    assert len(bins) == LEVELS + 2
    assert sums(bins) == pytest.approx((1.0, 1.0))
    empty = pd.Series([None, None], dtype=object)
    assert histogram(empty, empty, column("categorical")) == ()
    assert histogram(pd.Series([np.nan]), pd.Series([np.inf]), column()) == ()
