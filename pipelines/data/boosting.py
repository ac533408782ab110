"""Training of xgboost on rows where they are: what an engine needs, and the rows that xgboost gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """Encoded rows with their labels as floats or places of classes, shape (n,), and their weights if there are any."""

    encoded: pd.DataFrame
    codes: NDArray[Any]
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Boosting:
    """A fit of xgboost: it can be sent to the workers of an engine.

    `model` is an unfitted XGBRegressor or XGBClassifier with all its parameters, `classes` the number of classes, 0 for
    numbers. `encode` returns the rows of a canonical frame as xgboost gets them; every piece has the same levels.
    """

    model: Any
    classes: int
    encode: Callable[[pd.DataFrame], Encoded]

    def chosen(self, frame: pd.DataFrame, packed: NDArray[np.uint8]) -> Encoded:
        """Return the marked rows of a canonical frame of n rows; `packed` are their marks as bits, shape (n / 8,)."""
        inside = np.flatnonzero(np.unpackbits(packed, count=len(frame)))
        return self.encode(frame if len(inside) == len(frame) else frame.iloc[inside])


def with_rows(pieces: Iterable[Encoded]) -> Iterator[Encoded]:
    """Yield the pieces that have rows; the last of them if none has any, as xgboost needs to know the columns."""
    empty = None
    some = False
    for piece in pieces:
        if len(piece.codes):
            some = True
            yield piece
        else:
            empty = piece
    if not some and empty is not None:
        yield empty
