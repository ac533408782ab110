"""How parts of a window came adds up to how the whole one came."""

from __future__ import annotations

import pandas as pd
import pytest

from driftloop.monitoring.rows.canonical import numbers

VALUES = ["1.5", "?", None, "inf", "9007199254740993", "2"]


@pytest.mark.parametrize("at", range(1, len(VALUES)))
def test_parts_add_up(at: int) -> None:
    """The findings of two parts together are those of all rows, wherever they are parted."""
    whole = numbers(pd.Series(VALUES, dtype=object), "fare")[1]
    parts = [numbers(pd.Series(part, dtype=object), "fare")[1] for part in (VALUES[:at], VALUES[at:])]
    assert list((parts[0] + parts[1]).findings()) == list(whole.findings())
    assert (whole.rows, whole.given, whole.lost, whole.infinite, whole.rounded) == (6, 5, 1, 1, 1)
