"""A value reads as the same number whatever its type is, and as null only if it means nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.served.reading import NULL_WORDS, Unread, is_null, read


@pytest.mark.parametrize("value", [1.5, "1.5", " 1.5 ", b"1.5", Decimal("1.50"), np.float32(1.5), pd.Timedelta("1.5s")])
def test_a_number_is_one_in_any_type(value: Any) -> None:
    """By itself and as a category."""
    for values in (pd.Series([value], dtype=object), pd.Series(pd.Categorical([value]))):
        assert read(values).made.tolist() == [1.5]
        assert not read(values).lost.any()


@pytest.mark.parametrize("value", ["1_000", "1,5", "x", Unread("1.5"), pd.Timestamp("2026-01-01"), [1.5]])
def test_what_is_not_a_number_is_lost(value: Any) -> None:
    """It is null and counted, not silently null; text that the source could not read stays unread."""
    came = read(pd.Series([value], dtype=object))
    assert np.isnan(came.made).all()
    assert came.lost.all()


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("nan"), pd.NA, pd.NaT, *sorted(NULL_WORDS)])
def test_null_is_not_lost(value: Any) -> None:
    """The words for nothing are null in a numeric column, and text elsewhere."""
    came = read(pd.Series([value], dtype=object))
    assert (np.isnan(came.made).all(), came.lost.any()) == (True, False)
    assert is_null(value) is not isinstance(value, str)
