"""Which whole numbers a float would round."""

from __future__ import annotations

from typing import Any

import pandas as pd

from driftloop.monitoring.rows.coerced import HUGE
from driftloop.monitoring.served.reading import EXACT, Unread


def rounded(values: pd.Series[Any]) -> int:
    """Return how many whole numbers change when converted to a float."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return 0
    if pd.api.types.is_integer_dtype(kind):
        there = values.dropna().to_numpy()
        far = [int(value) for value in there[(there > EXACT) | (there < -EXACT)]]
    elif pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
        texts = [value for value in values if isinstance(value, int | str) and not isinstance(value, bool | Unread)]
        far = [value for value in map(_whole_number, texts) if abs(value) > EXACT]
    else:
        return 0
    return sum(int(float(value)) != value for value in far if abs(value) <= HUGE)


def _whole_number(value: int | str) -> int:
    """Return the whole number of a text of many digits, 0 for any other text."""
    if isinstance(value, int):
        return value
    digits = value.strip()
    return int(digits) if 15 < len(digits) < 40 and digits.lstrip("+-").isdecimal() else 0
