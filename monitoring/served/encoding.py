"""Canonical rows as input of an estimator: the same columns, levels and types in training and in use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

LARGEST = float(np.finfo(np.float32).max)


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


def encode(frame: pd.DataFrame, numeric: Sequence[str], levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rows as an estimator gets them; unseen categories and infinities become missing and never raise.

    Numeric columns are float64 within the range of float32, which trees compute in; categories are `pd.Categorical`
    with exactly the given levels; all have `safe_names`, in the order of numbers and then categories, on the frame's
    own index. Further columns are ignored.

    >>> frame = pd.DataFrame({"c": ["a", "new"], "n": [float("inf"), 1.0], "other": [0, 0]})
    >>> encode(frame, ["n"], {"c": ("b", "a")}).to_numpy().tolist()
    [[nan, 'a'], [1.0, nan]]
    """
    encoded: dict[str, object] = {}
    names = (*numeric, *levels)
    safe = dict(zip(names, safe_names(names), strict=True))
    for name in numeric:
        values = frame[name].to_numpy()
        if values.dtype != np.float64:
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if max(np.fmax.reduce(values, initial=0), -np.fmin.reduce(values, initial=0)) > LARGEST:
            values = np.clip(np.where(np.isinf(values), np.nan, values), -LARGEST, LARGEST)
        encoded[safe[name]] = values
    for name, known_levels in levels.items():
        known = _index(tuple(known_levels))
        codes = _places(frame[name], known)
        encoded[safe[name]] = pd.Categorical.from_codes(codes, categories=known)
    return pd.DataFrame(encoded, index=frame.index, copy=False)


@lru_cache(maxsize=256)
def _index(levels: tuple[str, ...]) -> Any:
    """Levels to look values up in. To build it takes longer than to look up one row."""
    return pd.Index(list(levels), dtype=object)


def _places(values: pd.Series, known: pd.Index) -> np.ndarray:
    """Return the index of each value among the known levels, -1 for none. Of categoricals only levels are looked up."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(known.get_indexer(pd.Index(values.astype(object))))
    # The last place is that of a missing value, whose code is -1.
    places = np.append(known.get_indexer(pd.Index(values.cat.categories, dtype=object)), -1)
    return np.asarray(places[values.cat.codes])
