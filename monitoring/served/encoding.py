"""Canonical rows as input of an estimator: the same columns, levels and types in training and in use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float32).max)
# Canonical rows: a frame, or arrays by name, float64 or objects, which one row needs a tenth of the time for.
Rows: TypeAlias = "pd.DataFrame | Mapping[str, NDArray[Any]]"
FEW = 2000  # up to here a dict finds levels sooner than an index, which takes 60 us to begin


@lru_cache(maxsize=64)
def safe_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names without the characters that xgboost and LightGBM refuse, still distinct.

    >>> safe_names(("a", "size [m2]", "size {m2}"))
    ('a', 'size _m2_', 'size _m2__2')
    """
    safe: list[str] = []
    for name in names:
        plain = re.sub(r"[\[\]<>{}\":,]", "_", name)
        number, free = 1, plain
        while free in safe or (free != name and free in names):
            number += 1
            free = f"{plain}_{number}"
        safe.append(free)
    return tuple(safe)


def frame_of(columns: Mapping[str, NDArray[Any]], index: pd.Index | None = None) -> pd.DataFrame:
    """Return arrays as a frame; objects stay objects, which pandas would otherwise make its own type of text."""
    kept = {name: pd.Series(v, index, dtype=object) if v.dtype == object else v for name, v in columns.items()}
    return pd.DataFrame(kept, index=index, copy=False)


def encode(rows: Rows, numeric: Sequence[str], levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rows as an estimator gets them; unseen categories and infinities become missing and never raise.

    Numeric columns are float64 within the range of float32, which trees compute in; categories are `pd.Categorical`
    with exactly the given levels; all have `safe_names`, in the order of numbers and then categories, on the index of
    a frame. Further columns are ignored.

    >>> frame = pd.DataFrame({"c": ["a", "new"], "n": [float("inf"), 1.0], "other": [0, 0]})
    >>> encode(frame, ["n"], {"c": ("b", "a")}).to_numpy().tolist()
    [[nan, 'a'], [1.0, nan]]
    """
    names = (*numeric, *levels)
    encoded: dict[str, Any] = {name: _numbers(rows[name]) for name in numeric}
    for name, known_levels in levels.items():
        known = tuple(known_levels)
        encoded[name] = pd.Categorical.from_codes(_places(rows[name], known), categories=_index(known))
    columns = dict(zip(safe_names(names), (encoded[name] for name in names), strict=True))
    return pd.DataFrame(columns, index=rows.index if isinstance(rows, pd.DataFrame) else None, copy=False)


def encode_as_codes(rows: Rows, numeric: Sequence[str], levels: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Rows as `encode` returns them, shape (n, columns): a category as its index among the levels, NaN for none.

    >>> frame = pd.DataFrame({"c": ["a", "new"], "n": [float("inf"), 1.0], "other": [0, 0]})
    >>> encode_as_codes(frame, ["n"], {"c": ("b", "a")}).tolist()
    [[nan, 1.0], [1.0, nan]]
    """
    arrays = [_numbers(rows[name]) for name in numeric]
    for name, known in levels.items():
        places = _places(rows[name], tuple(known))
        arrays.append(np.where(places < 0, np.nan, places))
    return np.column_stack(arrays)


def _numbers(values: pd.Series | NDArray[Any]) -> NDArray[np.float64]:
    numbers = values if isinstance(values, np.ndarray) else values.to_numpy()
    if numbers.dtype != np.float64:
        numbers = pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)
    if max(np.fmax.reduce(numbers, initial=0), -np.fmin.reduce(numbers, initial=0)) > LARGEST:
        numbers = np.clip(np.where(np.isinf(numbers), np.nan, numbers), -LARGEST, LARGEST)
    return numbers


@lru_cache(maxsize=256)
def _index(levels: tuple[str, ...]) -> Any:
    """Levels to look values up in. To build it takes longer than to look up one row."""
    return pd.Index(list(levels), dtype=object)


@lru_cache(maxsize=256)
def _index_of_few(levels: tuple[str, ...]) -> dict[object, int]:
    return {level: place for place, level in enumerate(levels)}


def _places(values: pd.Series | NDArray[Any], levels: tuple[str, ...]) -> NDArray[Any]:
    """Return the index of each value among the known levels, -1 for none. Of categoricals only levels are looked up."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        # The last place is that of a missing value, whose code is -1.
        places = np.append(_index(levels).get_indexer(pd.Index(values.cat.categories, dtype=object)), -1)
        return np.asarray(places[values.cat.codes])
    objects = values if isinstance(values, np.ndarray) else values.to_numpy(dtype=object)
    if len(objects) > FEW:
        return np.asarray(_index(levels).get_indexer(pd.Index(objects, dtype=object)))
    few = _index_of_few(levels)
    return np.array([few.get(value, -1) for value in objects], dtype=np.intp)
