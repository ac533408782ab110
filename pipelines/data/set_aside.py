"""Values of many rows on disk between their uses, in unnamed files of the state folder; of few rows in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.pipelines.data.spool import HELD, unnamed_file


class Arrays:
    """Arrays of one type in the order in which they were added, readable any number of times, by any thread.

    Up to `held` values are in memory, more on disk. Arrays of Python objects are refused by numpy.
    """

    def __init__(self, dtype: Any, held: int = HELD) -> None:
        self.dtype, self.lengths = np.dtype(dtype), list[int]()
        self._most, self._held = held, list[NDArray[Any]]()
        self._file: IO[bytes] | None = None

    def add(self, values: NDArray[Any]) -> None:
        """Add a copy of some values, shape (n,)."""
        self.lengths.append(len(values))
        self._held.append(np.array(values, dtype=self.dtype))
        if self._file is None and len(self) <= self._most:
            return
        self._file = self._file or unnamed_file()
        for each in self._held:
            self._file.write(each.view(np.uint8).data)
        self._file.flush()
        self._held.clear()

    def __len__(self) -> int:
        return sum(self.lengths)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        yield from self._held  # all are in memory, or all are on disk
        start = 0
        for length in self.lengths if self._file is not None else []:
            yield self._read(np.empty(length, dtype=self.dtype), start)
            start += length

    def whole(self) -> NDArray[Any]:
        """Return all values as one array in memory, a new one each time."""
        if self._file is not None:
            return self._read(np.empty(len(self), dtype=self.dtype), 0)
        return np.concatenate([np.empty(0, dtype=self.dtype), *self._held])

    def _read(self, made: NDArray[Any], start: int) -> NDArray[Any]:
        assert self._file is not None
        left, at = made.view(np.uint8).data, start * self.dtype.itemsize
        while left:
            read = os.preadv(self._file.fileno(), [left], at)
            if not read:
                raise OSError("the file of values is shorter than what was written into it")
            left, at = left[read:], at + read
        return made


class SetAside:
    """One array, shape (n,): numbers as they are, texts (null is None) as the places of distinct ones."""

    def __init__(self, values: NDArray[Any], held: int = HELD) -> None:
        self.dtype, self._names = values.dtype, None
        if values.dtype == object:
            values, names = pd.factorize(values)
            self._names = np.array([*names, None], dtype=object)
            values = values.astype(np.int32)
        self._values = Arrays(values.dtype, held)
        self._values.add(values)

    def __len__(self) -> int:
        return len(self._values)

    def read(self) -> NDArray[Any]:
        """Return the values in memory, a new array each time."""
        values = self._values.whole()
        return values if self._names is None else self._names[values]
