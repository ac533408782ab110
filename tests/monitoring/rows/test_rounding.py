"""Whole numbers that a float would change are counted."""

from __future__ import annotations

import pandas as pd

from driftloop.monitoring.rows.rounding import rounded


def test_whole_numbers_beyond_floats_are_counted() -> None:
    """2^53 + 1 is no float, as a number or as text; 2^53 is."""
    assert rounded(pd.Series([2**53, 2**53 + 1, 2**60 + 1])) == 2
    assert rounded(pd.Series([str(2**53), str(2**53 + 1), "x", 1.5], dtype=object)) == 1
