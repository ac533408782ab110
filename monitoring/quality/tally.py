"""Counts of the current rows for the data quality checks, piece by piece; pieces add up to the whole."""

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

# Messages name only a few unseen levels, and there may be as many as rows.
UNSEEN_KEPT = 1000


@dataclass(frozen=True)
class Counted:
    """Counts of one column: rows, nulls, values outside the reference's range, and values at unseen levels.

    `only` is a value of the column, `varied` whether there is another one, `least` the smallest number.
    """

    rows: int = 0
    nulls: int = 0
    outside: int = 0
    unseen: int = 0
    unseen_counts: Counter[str] = field(default_factory=Counter)
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
            Counter(dict((self.unseen_counts + other.unseen_counts).most_common(UNSEEN_KEPT))),
            self.only if self.present else other.only,
            self.varied or other.varied or (both and self.only != other.only),
            min(self.least, other.least),
        )

    @property
    def present(self) -> int:
        """Return the number of rows with a value."""
        return self.rows - self.nulls

    @property
    def unseen_share(self) -> float:
        """Return the share of the values at levels that the reference does not have."""
        return self.unseen / self.present if self.present else 0.0

    @property
    def unseen_names(self) -> str:
        """Return the most frequent unseen levels as text."""
        return listed((clipped(level) for level in self.unseen_counts), 3)

    @property
    def null_share(self) -> float:
        """Return the share of rows without a value; 0 without rows."""
        return self.nulls / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Tally:
    """The features of the reference by name, and the labels that are due."""

    columns: Mapping[str, Counted]
    due: Counted

    def __add__(self, other: Tally) -> Tally:
        columns = {name: counts + other.columns[name] for name, counts in self.columns.items()}
        return Tally(columns, self.due + other.due)


def tally(frame: pd.DataFrame, reference: Reference, target: str, due: NDArray[np.bool_]) -> Tally:
    """Count canonical rows; `due`, shape (n,), marks the rows whose label is due.

    A feature that the rows do not have is not counted.
    """
    label = reference.column(target)
    features = [column for column in reference.of_role("feature") if column.name in frame]
    labels = count(frame.loc[due, target], label) if label is not None else Counted()
    return Tally({column.name: count(frame[column.name], column) for column in features}, labels)


def count(values: pd.Series[Any], column: ColumnReference) -> Counted:
    """Count canonical values, as text or categories, compared with the reference of their column."""
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
    """Count levels; `codes`, shape (n,), are indices of `texts`, -1 for null."""
    present = codes[codes >= 0]
    nulls = len(codes) - len(present)
    if not len(present):
        return Counted(rows=nulls, nulls=nulls)
    new = present[~texts.isin(column.levels)[present]]
    times = np.bincount(new, minlength=len(texts))
    # In order of first appearance, which decides among equally frequent levels.
    unseen_counts = Counter({str(texts[code]): int(times[code]) for code in pd.unique(new)})
    return Counted(
        rows=len(codes),
        nulls=nulls,
        unseen=len(new),
        unseen_counts=Counter(dict(unseen_counts.most_common(UNSEEN_KEPT))),
        only=texts[present[0]],
        varied=bool((present != present[0]).any()),
    )
