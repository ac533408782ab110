"""Pieces of canonical rows as one frame, built column by column: no second copy of the rows is ever in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def whole(pieces: Iterable[pd.DataFrame], rows: int, time: str) -> pd.DataFrame:
    """Return all pieces, `rows` rows together, in order of `time`; rows of one moment keep their order.

    Text comes as text, each distinct value once in memory, null as None. The columns are separate arrays, so that a
    slice of the frame, or some of its columns, are no copy.
    """
    columns: dict[str, _Column] = {}
    start = 0
    for piece in pieces:
        if not columns:
            columns = {str(name): _Column(values, rows) for name, values in piece.items()}
        for name, column in columns.items():
            column.add(piece[name], start)
        start += len(piece)
    made = {name: column.series() for name, column in columns.items()}
    times = made[time]
    if not times.is_monotonic_increasing:
        order = times.argsort(kind="stable").to_numpy()
        made = {name: made.pop(name).take(order).reset_index(drop=True) for name in list(made)}
    return pd.DataFrame(made, copy=False)


class _Column:
    """One column that is filled piece by piece: floats and text in place, other types as parts."""

    def __init__(self, first: pd.Series[Any], rows: int) -> None:
        self._texts: dict[str, str] = {}
        self._parts: list[pd.Series[Any]] = []
        self._filled: NDArray[Any] | None = None
        if isinstance(first.dtype, pd.CategoricalDtype):
            self._filled = np.empty(rows, dtype=object)
        elif first.dtype == np.float64:
            self._filled = np.empty(rows)

    def add(self, values: pd.Series[Any], start: int) -> None:
        """Add the values of the rows from `start` on."""
        if self._filled is None:
            self._parts.append(values)
            return
        if isinstance(values.dtype, pd.CategoricalDtype):
            texts = [self._texts.setdefault(text, text) for text in values.cat.categories]
            spelled = np.array([*texts, None], dtype=object)
            self._filled[start : start + len(values)] = spelled[values.cat.codes]
        else:
            self._filled[start : start + len(values)] = values.to_numpy()

    def series(self) -> pd.Series[Any]:
        """Return the column."""
        if self._filled is not None:
            return pd.Series(self._filled, dtype=self._filled.dtype, copy=False)
        return pd.concat(self._parts, ignore_index=True)
