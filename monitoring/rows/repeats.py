"""Values that come again in later parts of a window: eight bytes per value, never the values themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.served.spelling import labels

Hashes = NDArray[np.uint64]


class Repeats:
    """Hashes of the values so far, in sorted runs of growing length, so that `n` values cost O(n log² n).

    Two of a million different values have the same hash with a probability of 3e-8.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def add(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Add values; return for each, shape (n,), whether it has been there before, in this or an earlier part."""
        again = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            places = np.searchsorted(run, hashes)
            places[places == len(run)] = 0
            again |= run[places] == hashes
        again |= pd.Series(hashes).duplicated().to_numpy()
        if len(hashes):
            self._runs.append(np.sort(hashes))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            merged = np.concatenate([self._runs.pop(), last])
            merged.sort(kind="stable")
            self._runs.append(merged)
        return again

    @property
    def sharing(self) -> int:
        """The number of values that at least one other value equals."""
        if not self._runs:
            return 0
        whole = np.concatenate(self._runs)
        whole.sort(kind="stable")
        same = whole[1:] == whole[:-1]
        return int((np.append(same, False) | np.insert(same, 0, False)).sum())


def hashed(values: pd.Series[Any]) -> Hashes:
    """Return a hash per value, shape (n,), the same for 1, 1.0 and a column that has nulls in another part.

    >>> ints, floats = hashed(pd.Series([1, 2])), hashed(pd.Series([1.0, None, 2.5]))
    >>> bool(ints[0] == floats[0]), bool(ints[1] == floats[2])
    (True, False)
    """
    kind = values.dtype
    if pd.api.types.is_integer_dtype(kind):
        return _of(whole_numbers(values))
    if pd.api.types.is_float_dtype(kind) and not pd.api.types.is_extension_array_dtype(kind):
        numbers = values.to_numpy(dtype="float64")
        whole = np.isfinite(numbers) & (np.abs(numbers) < 2.0**63) & (numbers == np.floor(numbers))
        ints = np.where(whole, numbers, 0.0).astype(np.int64)
        return np.where(whole, _of(ints), _of(numbers))
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _of(values.dt.as_unit("us").to_numpy(dtype="datetime64[us]").astype(np.int64))
    texts = _of(labels(values).fillna("").to_numpy(dtype=object))
    if pd.api.types.is_object_dtype(kind) and pd.api.types.infer_dtype(values, skipna=True) == "integer":
        # Numbers of SQLite, of which other parts are a column of int64.
        small = np.array([value is not None and abs(value) < 1 << 63 for value in values], dtype=bool)
        ints = np.array([value if fits else 0 for value, fits in zip(values, small, strict=True)], dtype=np.int64)
        return np.where(small, _of(ints), texts)
    return texts


def whole_numbers(values: pd.Series[Any]) -> NDArray[np.int64]:
    """Return whole numbers of any integer type as int64, those of uint64 above it wrapped, null as 0."""
    if pd.api.types.is_extension_array_dtype(values.dtype):
        values = values.fillna(0)
    return values.to_numpy(dtype="uint64" if "u" in str(values.dtype).lower() else "int64").astype(np.int64)


def _of(values: NDArray[Any]) -> Hashes:
    return np.asarray(pd.util.hash_array(values, categorize=True), dtype=np.uint64)
