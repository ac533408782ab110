"""What preflight counts of the fresh rows, piece by piece; pieces add up to the whole. Judges nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import clipped, listed
from driftloop.monitoring.records import ColumnReference, Reference

# Of the strange levels only some are ever named, and there may be as many as rows.
STRANGE_KEPT = 1000


@dataclass(frozen=True)
class Counted:
    """One column: its rows, how many are null, outside the reference's range, or at a level that it did not have.

    `only` is the value of all rows that have one, `varied`: there is more than one value, `least`: the smallest number.
    """

    rows: int = 0
    nulls: int = 0
    outside: int = 0
    unseen: int = 0
    strange: Counter[str] = field(default_factory=Counter)
    only: Any = None
    varied: bool = False
    least: float = math.inf

    def __add__(self, other: Counted) -> Counted:
        both = self.present > 0 and other.present > 0
        return Counted(
            self.rows + other.rows,
            self.nulls + other.nulls,
            self.outside + other.outside,
            self.unseen + other.unseen,
            Counter(dict((self.strange + other.strange).most_common(STRANGE_KEPT))),
            self.only if self.present else other.only,
            self.varied or other.varied or (both and self.only != other.only),
            min(self.least, other.least),
        )

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.nulls

    @property
    def unseen_share(self) -> float:
        """The share of the values that are at a level the reference did not have."""
        return self.unseen / self.present if self.present else 0.0

    @property
    def unseen_names(self) -> str:
        """The most frequent of these levels, as text."""
        return listed((clipped(level) for level in self.strange), 3)

    @property
    def null_share(self) -> float:
        """The share of rows without a value, 0 of no rows."""
        return self.nulls / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Tally:
    """The features of the reference by name, and the labels that are due."""

    columns: Mapping[str, Counted]
    due: Counted

    def __add__(self, other: Tally) -> Tally:
        return Tally({name: one + other.columns[name] for name, one in self.columns.items()}, self.due + other.due)


def tally(frame: pd.DataFrame, reference: Reference, target: str, due: NDArray[np.bool_]) -> Tally:
    """Count canonical rows; `due`, shape (n,), marks those whose label must be there by now.

    A feature that the rows do not have is not counted.
    """
    told = reference.column(target)
    features = [column for column in reference.of_role("feature") if column.name in frame]
    labels = count(frame.loc[due, target], told) if told is not None else Counted()
    return Tally({column.name: count(frame[column.name], column) for column in features}, labels)


def count(values: pd.Series[Any], column: ColumnReference) -> Counted:
    """Count canonical values, text as such or as categories, against what the reference knows of their column."""
    if pd.api.types.is_float_dtype(values.dtype):
        return _numbers(values.to_numpy(), column)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _levels(values.cat.codes.to_numpy(), values.cat.categories, column)
    codes, texts = pd.factorize(values)
    return _levels(codes, pd.Index(texts, dtype=object), column)


def _numbers(values: NDArray[np.float64], column: ColumnReference) -> Counted:
    nulls = int(np.isnan(values).sum())
    if nulls == len(values):
        return Counted(rows=nulls, nulls=nulls)
    outside = 0
    if column.low is not None and column.high is not None:
        outside = int(((values < column.low) | (values > column.high)).sum())
    only = values[int(np.isnan(values).argmin())]
    # A null differs from any number, itself included.
    varied = int((values != only).sum()) > nulls
    least = float(np.nanmin(values))
    return Counted(rows=len(values), nulls=nulls, outside=outside, only=only, varied=varied, least=least)


def _levels(codes: NDArray[np.integer], texts: pd.Index, column: ColumnReference) -> Counted:
    """`codes` (n,) are places in `texts`, -1 for null."""
    seen = codes[codes >= 0]
    nulls = len(codes) - len(seen)
    if not len(seen):
        return Counted(rows=nulls, nulls=nulls)
    new = seen[~texts.isin(column.levels)[seen]]
    times = np.bincount(new, minlength=len(texts))
    # In the order in which they come first, which decides among equally frequent ones.
    strange = Counter({str(texts[code]): int(times[code]) for code in pd.unique(new)})
    return Counted(
        rows=len(codes),
        nulls=nulls,
        unseen=len(new),
        strange=Counter(dict(strange.most_common(STRANGE_KEPT))),
        only=texts[seen[0]],
        varied=bool((seen != seen[0]).any()),
    )
