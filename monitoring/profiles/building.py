"""Profiles of all columns of a frame. Reads no files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftloop.monitoring.errors import DuplicateColumns, MissingColumns
from driftloop.monitoring.profiles import levels, numbers
from driftloop.monitoring.profiles.columns import as_codes, as_numbers, from_frame
from driftloop.monitoring.profiles.errors import CellsDiffer
from driftloop.monitoring.profiles.levels import CategoricalProfile
from driftloop.monitoring.profiles.numbers import NumericProfile
from driftloop.monitoring.records import Kind

Profile = NumericProfile | CategoricalProfile
THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, eq=False)
class Profiles(Mapping[str, Profile]):
    """The profile of each column by its name, and how many rows are behind them."""

    rows: int
    columns: Mapping[str, Profile] = field(repr=False)

    def __getitem__(self, name: str) -> Profile:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Whether a column holds numbers or categories."""
        return {name: "numeric" if isinstance(one, NumericProfile) else "categorical" for name, one in self.items()}

    def numeric(self, name: str) -> NumericProfile:
        """The profile of a column of numbers."""
        profile = self.columns[name]
        assert isinstance(profile, NumericProfile)
        return profile

    def categorical(self, name: str) -> CategoricalProfile:
        """The profile of a column of categories."""
        profile = self.columns[name]
        assert isinstance(profile, CategoricalProfile)
        return profile


def first(rows: pd.DataFrame, kinds: Mapping[str, Kind], blocks: NDArray[np.int64] | None = None) -> Profiles:
    """Profile a reference: find the cells of every column of `kinds`, and count the rows in them.

    `blocks` (n,) numbers each row's block of time from 0; with it each profile has its counts by block too. The cells
    are at exact quantiles. A column that is not there raises `MissingColumns`, one that is there twice
    `DuplicateColumns`.

    >>> rows = pd.DataFrame({"age": [1.0, 2.0, 2.0], "plan": ["a", "b", None]})
    >>> made = first(rows, {"age": "numeric", "plan": "categorical"})
    >>> made.rows, made["age"].counts.tolist(), made["plan"].levels, made["plan"].nulls
    (3, [0, 1, 2, 0], ('a', 'b'), 1)
    """
    columns = _columns(rows, kinds)
    return Profiles(len(rows), {name: _first(columns[name], kind, blocks) for name, kind in kinds.items()})


def like(reference: Profiles, rows: pd.DataFrame) -> Profiles:
    """Profile rows in the cells of a reference; `merge` adds the profiles of several pieces up.

    A missing column raises `MissingColumns`, a repeated one `DuplicateColumns`; columns that the reference does not
    have are ignored.

    >>> made = first(pd.DataFrame({"plan": ["a", "a", "b"]}), {"plan": "categorical"})
    >>> like(made, pd.DataFrame({"plan": ["b", "c"], "more": [1, 2]}))["plan"].cells.tolist()
    [0, 1, 1]
    """
    columns = _columns(rows, reference.kinds)
    with ThreadPoolExecutor(THREADS) as pool:
        counted = pool.map(count, reference.values(), [columns[name] for name in reference])
        return Profiles(len(rows), dict(zip(reference, counted, strict=True)))


def count(cells: Profile, column: pa.ChunkedArray) -> Profile:
    """Count one column in the cells of its reference profile."""
    if isinstance(cells, NumericProfile):
        return numbers.count(cells, as_numbers(column))
    kept = pa.array(cells.levels, pa.string())
    parts = [cells.empty()]
    for codes, texts in as_codes(column):
        times = np.bincount(codes, minlength=len(texts))
        at = pc.index_in(texts, kept).fill_null(len(kept)).to_numpy()
        null = texts.is_null().to_numpy(zero_copy_only=False)
        parts.append(levels.count(cells, at[~null], times[~null], nulls=0))
    made = levels.merged(parts)
    return replace(made, nulls=len(column) - made.finite)


def check_names(where: str, wanted: Iterable[str], there: list[str]) -> None:
    """Each wanted column is there once; else raises `MissingColumns` or `DuplicateColumns`."""
    times = Counter(there)
    lost = [name for name in wanted if not times[name]]
    if lost:
        raise MissingColumns(where, lost, there)
    twice = [name for name in wanted if times[name] > 1]
    if twice:
        raise DuplicateColumns(where, twice)


def merge(*parts: Profiles) -> Profiles:
    """One profile of the rows of all parts, counted in the same cells; others raise `CellsDiffer`."""
    columns = list(parts[0])
    if any(list(part) != columns for part in parts):
        raise CellsDiffer("their columns are not the same")
    return Profiles(
        sum(part.rows for part in parts), {name: merged([part[name] for part in parts]) for name in columns}
    )


def merged(parts: Sequence[Profile]) -> Profile:
    """One profile of a column from its parts."""
    if all(isinstance(part, NumericProfile) for part in parts):
        return numbers.merged([part for part in parts if isinstance(part, NumericProfile)])
    if all(isinstance(part, CategoricalProfile) for part in parts):
        return levels.merged([part for part in parts if isinstance(part, CategoricalProfile)])
    raise CellsDiffer("a column is numeric in one and categorical in the other")


def _first(column: pa.ChunkedArray, kind: Kind, blocks: NDArray[np.int64] | None) -> Profile:
    cells: Profile
    if kind == "numeric":
        cells = numbers.measure(np.concatenate([np.empty(0), *as_numbers(column)]))
    else:
        cells = levels.measure(_level_counts(column))
    made = count(cells, column)
    if blocks is None:
        return made
    order = np.argsort(blocks, kind="stable")
    edges = blocks[order].searchsorted(np.arange(int(blocks.max(initial=-1)) + 2))
    ordered = column.take(pa.array(order))
    each = [count(cells, ordered.slice(start, stop - start)) for start, stop in pairwise(edges.tolist())]
    return replace(made, blocks=np.array([np.append(one.cells, one.nulls) for one in each], dtype=np.int64))


def _level_counts(column: pa.ChunkedArray) -> Counter[str]:
    times: Counter[str] = Counter()
    for codes, texts in as_codes(column):
        for text, many in zip(texts.to_pylist(), np.bincount(codes, minlength=len(texts)).tolist(), strict=True):
            if text is not None and many:
                times[text] += many
    return times


def _columns(rows: pd.DataFrame, kinds: Mapping[str, Kind]) -> dict[str, pa.ChunkedArray]:
    check_names("the rows", kinds, list(map(str, rows.columns)))
    return {name: from_frame(rows[name], kind) for name, kind in kinds.items()}
