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
from driftloop.monitoring.rows.weights import as_rows

Floats = NDArray[np.float64]
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

    @property
    def weighted(self) -> bool:
        """Whether counts are sums of weights."""
        return any(one.counts.dtype.kind == "f" for one in self.values())

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


def first(
    rows: pd.DataFrame,
    kinds: Mapping[str, Kind],
    blocks: NDArray[np.int64] | None = None,
    weights: Floats | None = None,
) -> Profiles:
    """Profile a reference: find the cells of every column of `kinds`, and count the rows in them.

    `blocks` (n,) numbers each row's block of time from 0; with it each profile has its counts by block too. With
    `weights` (n,) counts are sums of `as_rows` of them, and quantiles those of rows repeated by them. The cells are at
    exact quantiles. A column that is not there raises `MissingColumns`, one that is there twice `DuplicateColumns`.

    >>> rows = pd.DataFrame({"age": [1.0, 2.0, 2.0], "plan": ["a", "b", None]})
    >>> made = first(rows, {"age": "numeric", "plan": "categorical"})
    >>> made.rows, made["age"].counts.tolist(), made["plan"].levels, made["plan"].nulls
    (3, [0, 1, 2, 0], ('a', 'b'), 1)
    """
    check_names("the rows", kinds, list(map(str, rows.columns)))
    by = None if as_rows(weights) is None else weights
    return Profiles(
        len(rows), {name: _first(from_frame(rows[name], kind), kind, blocks, by) for name, kind in kinds.items()}
    )


def like(reference: Profiles, rows: pd.DataFrame, weights: Floats | None = None) -> Profiles:
    """Profile rows in the cells of a reference; `merge` adds the profiles of several pieces up.

    A missing column raises `MissingColumns`, a repeated one `DuplicateColumns`; columns that the reference does not
    have are ignored. With `weights` (n,) counts are sums of them.

    >>> made = first(pd.DataFrame({"plan": ["a", "a", "b"]}), {"plan": "categorical"})
    >>> like(made, pd.DataFrame({"plan": ["b", "c"], "more": [1, 2]}))["plan"].cells.tolist()
    [0, 1, 1]
    """
    columns = _columns(rows, reference.kinds)
    with ThreadPoolExecutor(THREADS) as pool:
        of_rows = [weights] * len(reference)
        counted = pool.map(count, reference.values(), [columns[name] for name in reference], of_rows)
        return Profiles(len(rows), dict(zip(reference, counted, strict=True)))


def count(cells: Profile, column: pa.ChunkedArray, weights: Floats | None = None) -> Profile:
    """Count one column in the cells of its reference profile; with `weights` (n,) sum them."""
    if weights is not None:
        return _sum_weights(cells, column, weights)
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


def _sum_weights(cells: Profile, column: pa.ChunkedArray, weights: Floats) -> Profile:
    there = column.is_valid().to_numpy()
    if isinstance(cells, NumericProfile):
        values = np.concatenate([np.empty(0), *as_numbers(column)])
        return numbers.count_weighted(cells, values, weights[there], float(weights[~there].sum()))
    kept = pa.array(cells.levels, pa.string())
    # Summed as they are: a difference of two sums is not exactly 0 where there is no null.
    parts, begin, nulls = [cells.empty()], 0, float(weights[~there].sum())
    for chunk, (codes, texts) in zip(column.chunks, as_codes(column), strict=True):
        inside = slice(begin, begin + len(chunk))
        begin += len(chunk)
        times = np.bincount(codes, weights=weights[inside][there[inside]], minlength=len(texts))
        at = pc.index_in(texts, kept).fill_null(len(kept)).to_numpy()
        null = texts.is_null().to_numpy(zero_copy_only=False)
        parts.append(levels.count(cells, at[~null], times[~null], nulls=0))
        nulls += float(times[null].sum())
    return replace(levels.merged(parts), nulls=nulls)


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


def _first(column: pa.ChunkedArray, kind: Kind, blocks: NDArray[np.int64] | None, weights: Floats | None) -> Profile:
    cells: Profile
    by = as_rows(weights)
    if kind == "numeric":
        there = None if weights is None else weights[column.is_valid().to_numpy()]
        cells = numbers.measure(np.concatenate([np.empty(0), *as_numbers(column)]), there)
    elif by is None:
        cells = levels.measure(_level_counts(column))
    else:
        cells = levels.measure(*_level_weights(column, by))
    made = count(cells, column, by)
    if blocks is None:
        return made
    order = np.argsort(blocks, kind="stable")
    edges = blocks[order].searchsorted(np.arange(int(blocks.max(initial=-1)) + 2))
    ordered = column.take(pa.array(order))
    sorted_by = None if by is None else by[order]
    each = [
        count(cells, ordered.slice(start, stop - start), None if sorted_by is None else sorted_by[start:stop])
        for start, stop in pairwise(edges.tolist())
    ]
    by_block = np.array([np.append(one.cells, one.nulls) for one in each])
    return replace(made, blocks=by_block.astype(np.int64) if by is None else by_block.astype(np.float64))


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


def _level_weights(column: pa.ChunkedArray, weights: Floats) -> tuple[dict[str, float], float]:
    """Sum of the weights of each level, and of the levels that occur in one row."""
    rows, begin, times = _level_counts(column), 0, dict[str, float]()
    there = column.is_valid().to_numpy()
    for chunk, (codes, texts) in zip(column.chunks, as_codes(column), strict=True):
        inside = slice(begin, begin + len(chunk))
        begin += len(chunk)
        sums = np.bincount(codes, weights=weights[inside][there[inside]], minlength=len(texts))
        for text, weight in zip(texts.to_pylist(), sums.tolist(), strict=True):
            if text is not None and weight > 0:
                times[text] = times.get(text, 0.0) + weight
    return times, sum(weight for text, weight in times.items() if rows[text] == 1)
