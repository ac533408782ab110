"""Domain of the rows that an estimator was fitted on, and the rows outside of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import Record


class Domain(Record):
    """Range of each numeric feature, levels of each categorical one, and the features with missing values."""

    low: dict[str, float]
    high: dict[str, float]
    levels: dict[str, tuple[str, ...]]
    missing: tuple[str, ...]


def learn_domain(frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> Domain:
    """Return the domain of canonical rows. A column without any value has no range: nothing is inside.

    >>> frame = pd.DataFrame({"n": [1.0, 3.0], "c": ["a", None]})
    >>> learn_domain(frame, ["n"], ["c"])
    Domain(low={'n': 1.0}, high={'n': 3.0}, levels={'c': ('a',)}, missing=('c',))
    """
    values = {name: _finite(frame[name]) for name in numeric}
    filled = {name: column for name, column in values.items() if np.isfinite(column).any()}
    return Domain(
        low={name: float(np.nanmin(column)) for name, column in filled.items()},
        high={name: float(np.nanmax(column)) for name, column in filled.items()},
        levels={name: tuple(sorted(str(level) for level in frame[name].dropna().unique())) for name in categorical},
        missing=tuple(name for name in (*numeric, *categorical) if _missing(frame, name, numeric).any()),
    )


def outside(frame: pd.DataFrame, domain: Domain) -> NDArray[np.bool_]:
    """Return for each row, shape (n,), whether a number is out of range, a level new, or a value newly missing.

    >>> domain = Domain(low={"n": 1.0}, high={"n": 3.0}, levels={"c": ("a",)}, missing=("c",))
    >>> outside(pd.DataFrame({"n": [1.0, 4.0, 2.0, np.nan], "c": ["a", "a", "new", None]}), domain).tolist()
    [False, True, True, True]
    """
    out = np.zeros(len(frame), dtype=bool)
    for name, low in domain.low.items():
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        beyond, empty = (values < low) | (values > domain.high[name]), ~np.isfinite(values)
        out |= beyond & ~empty if name in domain.missing else beyond | empty
    for name, levels in domain.levels.items():
        empty = frame[name].isna().to_numpy()
        out |= np.where(empty, name not in domain.missing, ~frame[name].isin(levels).to_numpy())
    return out


def _finite(values: pd.Series) -> NDArray[np.float64]:
    """Return numbers as a model receives them: an infinity is a missing value."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _missing(frame: pd.DataFrame, name: str, numeric: Sequence[str]) -> NDArray[np.bool_]:
    return np.isnan(_finite(frame[name])) if name in numeric else np.asarray(frame[name].isna())
