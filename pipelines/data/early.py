"""Predictions of rows while later rows are still being read: reading leaves about half of two cores idle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Predict = Callable[[pd.DataFrame], Floats]
# Bytes of predictions that are made early, so that memory does not grow with the rows: two million numbers.
MOST = 1 << 24


class Early:
    """Predictions by one model (`model_id`) of the pieces of a reading, at most `MOST` bytes of them.

    `load` returns what predicts canonical rows, shape (n,), or (n, k) by class, or None. It is called when a second
    piece comes, so that no model is loaded for a window without rows, or with few. Whatever fails here leaves rows
    without early predictions: they are predicted after the reading, where an error has its place.
    """

    def __init__(self, model_id: str, load: Callable[[], Predict | None]) -> None:
        self.model_id, self._load = model_id, load
        self._lock = threading.Lock()
        self._predict: Predict | None = None
        self._bytes = 0

    def watched(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield the frames of one reading; another reading starts from nothing."""
        self._predict, self._bytes = None, 0
        for at, frame in enumerate(frames):
            if at == 1:
                self._predict = self._loaded()
            yield frame

    def __call__(self, rows: pd.DataFrame) -> Floats | None:
        """Predict canonical rows, one piece at a time: not every library predicts in two threads."""
        with self._lock:
            if self._predict is None or self._bytes >= MOST:
                return None
            try:
                made = self._predict(rows)
            except Exception:
                self._predict = None
                return None
            self._bytes += made.nbytes
            return made

    def _loaded(self) -> Predict | None:
        try:
            return self._load()
        except Exception:
            return None
