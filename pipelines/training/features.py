"""Canonical rows as input of an estimator: the same columns, levels and types in training and in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.records import Record
from driftloop.monitoring.served.answers import encoded_for
from driftloop.monitoring.served.encoding import Rows, safe_names
from driftloop.monitoring.served.encoding import encode as encode_columns


class Features(Record):
    """The columns that a model was trained on, in their order, and the levels of each category."""

    numeric: tuple[str, ...] = ()
    levels: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def categorical(self) -> tuple[str, ...]:
        return tuple(self.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns in the order in which an estimator gets them."""
        return self.numeric + self.categorical

    @property
    def safe_names(self) -> tuple[str, ...]:
        """The names in the encoded frame: without the characters that xgboost and LightGBM refuse, and still distinct.

        >>> Features(numeric=("a", "size [m2]", "size {m2}")).safe_names
        ('a', 'size _m2_', 'size _m2__2')
        """
        return safe_names(self.names)


def learn_features(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str], max_levels: int
) -> Features:
    """Remember the levels of each category: most frequent first, ties by name, at most `max_levels`.

    >>> frame = pd.DataFrame({"c": pd.Series(["b", "a", "b", None, "c"], dtype=object)})
    >>> learn_features(frame, [], ["c"], max_levels=2).levels
    {'c': ('b', 'a')}
    """
    _require(frame, [*numeric, *categorical], "the training rows")
    levels = {}
    for name in categorical:
        counts = frame[name].dropna().astype(str).value_counts()
        levels[name] = most_frequent(counts.to_dict(), max_levels)
    return Features(numeric=tuple(numeric), levels=levels)


def most_frequent(counts: Mapping[Any, int], most: int) -> tuple[str, ...]:
    """Return at most `most` levels, most frequent first, ties by name.

    >>> most_frequent({"b": 1, "a": 1, "c": 5}, 2)
    ('c', 'a')
    """
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(str(level) for level, _ in ordered[:most])


def encode(frame: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Rows as an estimator gets them; unseen categories and infinities become missing and never raise.

    Numeric columns come out as float64 within the range of float32, which trees compute in, categories as
    `pd.Categorical` with exactly the stored levels, all under `features.safe_names` and in that order, on the frame's
    own index. Further columns are ignored. A column that is not there raises `MissingColumns`.

    >>> features = Features(numeric=("n",), levels={"c": ("b", "a")})
    >>> frame = pd.DataFrame({"c": ["a", "new"], "n": [float("inf"), 1.0], "other": [0, 0]})
    >>> encode(frame, features).to_numpy().tolist()
    [[nan, 'a'], [1.0, nan]]
    """
    _require(frame, features.names, "the rows to be scored")
    return encode_columns(frame, features.numeric, features.levels)


def encode_for(estimator: Any, rows: Rows, features: Features, *, by_place: bool) -> pd.DataFrame | NDArray[np.float64]:
    """Rows as an estimator predicts them fastest, with the same result: a frame of `encode`, or an array of codes.

    A column that is not there raises `MissingColumns`.
    """
    _require(rows, features.names, "the rows to be scored")
    return encoded_for(estimator, rows, features.numeric, features.levels, by_place=by_place)


def _require(rows: Rows, names: Sequence[str], where: str) -> None:
    there = set(rows)
    lost = [name for name in names if name not in there]
    if lost:
        raise MissingColumns(where, lost, [str(name) for name in rows])
