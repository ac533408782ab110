"""Canonical rows as input of an estimator: the same columns, levels and types in training and in use."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import Field

from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.records import Record

LARGEST = float(np.finfo(np.float32).max)


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
        safe: list[str] = []
        for name in self.names:
            plain = re.sub(r"[\[\]<>{}\":,]", "_", name)
            number, free = 1, plain
            while free in safe or (free != name and free in self.names):
                number += 1
                free = f"{plain}_{number}"
            safe.append(free)
        return tuple(safe)


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
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        levels[name] = tuple(str(level) for level, _ in ordered[:max_levels])
    return Features(numeric=tuple(numeric), levels=levels)


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
    encoded: dict[str, object] = {}
    safe = dict(zip(features.names, features.safe_names, strict=True))
    for name in features.numeric:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if (np.abs(values) > LARGEST).any():
            values = np.clip(np.where(np.isinf(values), np.nan, values), -LARGEST, LARGEST)
        encoded[safe[name]] = values
    for name, levels in features.levels.items():
        known = pd.Index(levels, dtype=object)
        codes = _places(frame[name], known)
        encoded[safe[name]] = pd.Categorical.from_codes(codes, categories=known)
    return pd.DataFrame(encoded, index=frame.index)


def _places(values: pd.Series, known: pd.Index) -> np.ndarray:
    """Return the index of each value among the known levels, -1 for none. Of categoricals only levels are looked up."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(known.get_indexer(pd.Index(values.astype(object))))
    # The last place is that of a missing value, whose code is -1.
    places = np.append(known.get_indexer(pd.Index(values.cat.categories, dtype=object)), -1)
    return np.asarray(places[values.cat.codes])


def _require(frame: pd.DataFrame, names: Sequence[str], where: str) -> None:
    lost = [name for name in names if name not in frame.columns]
    if lost:
        raise MissingColumns(where, lost, [str(name) for name in frame.columns])
