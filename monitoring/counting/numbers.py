"""A numeric column counted by the database: one row per group of values comes back, whatever the number of rows."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.counting.dialects import LARGEST, Dialect
from driftloop.monitoring.counting.plan import Part
from driftloop.monitoring.profiles import NumericProfile
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.served.reading import EXACT

if TYPE_CHECKING:
    import pandas as pd

ANSWER = ("place", "n", "mean", "variance", "lo", "hi")
FURTHER = ("infinite", "rounded")
COUNTABLE = ("boolean", "integer", "float", "decimal")
DUE = "due"

Floats = NDArray[np.float64]


def groups(cells: NumericProfile, column: ColumnReference | None) -> Floats:
    """Return the ends of the groups that values are counted in, rising; group i has i ends that are not above it.

    They are finer than the cells: a group is within one cell, on one side of each fence, of the reference's range and
    of what doubles hold exactly, so that nothing has to be asked of a single value. Group 0 is minus infinity, the last
    one infinity, and NaN where it is above all numbers.
    """
    ends = [-LARGEST, math.inf, cells.fence_low, _above(cells.fence_high), _above(-float(EXACT)), float(EXACT)]
    if column is not None and column.low is not None and column.high is not None:
        ends += [column.low, _above(column.high)]
    return np.unique(np.concatenate([cells.edges, ends]))


def statement(
    dialect: Dialect, value: str, kind: str, ends: Floats, inside: str, due: str | None, fences: Sequence[float] = ()
) -> str:
    """Return the SELECT that counts a column in groups, apart for rows that are `due`, if that is a condition.

    `value` is the column, `inside` the FROM and WHERE of the rows, both SQL. With `fences` values beyond them enter the
    means as the fence, so that the square of none overflows; without them the statement is faster.
    """
    kept = "x"
    if fences:
        low, high = map(dialect.literal, fences)
        kept = f"CASE WHEN x < {low} THEN {low} WHEN x > {high} THEN {high} ELSE x END"
    also = "" if due is None else f"{due} AS {DUE}, "
    by = "" if due is None else f"{DUE}, "
    values = f"SELECT {also}{dialect.number(value, kind)} AS x FROM {inside}"
    placed = f"SELECT {by}{dialect.place('x', ends.tolist())} AS place, x FROM ({values}) AS q"
    return (
        f"SELECT {by}place, COUNT(*) AS n, AVG({kept}) AS mean, VAR_POP({kept}) AS variance, MIN(x) AS lo, "
        f"MAX(x) AS hi FROM ({placed}) AS p GROUP BY {by}place"
    )


def further(dialect: Dialect, value: str, kind: str, ends: Floats, found: pd.DataFrame, inside: str) -> str | None:
    """Return the SELECT of counts that the groups do not show, `FURTHER`; None where none is needed."""
    place, last = found["place"].to_numpy(np.float64), len(ends)
    least, most = found["lo"].to_numpy(np.float64), found["hi"].to_numpy(np.float64)
    mixed = bool(((place == last) & np.isinf(least) & np.isnan(most)).any())
    far = np.isfinite(least) & ((least >= EXACT) | (most <= -EXACT))
    rounds = kind == "integer" and bool(far.any())
    if not (mixed or rounds):
        return None
    number = dialect.number(value, kind)
    endless = f"NOT ({dialect.nan(number)}) AND {number} > {dialect.literal(LARGEST)}" if mixed else "1 = 0"
    changes = dialect.rounds(value) if rounds else "1 = 0"
    pairs = zip((endless, changes), FURTHER, strict=True)
    counts = ", ".join(f"COUNT(CASE WHEN {one} THEN 1 END) AS {name}" for one, name in pairs)
    return f"SELECT {counts} FROM {inside}"


def answer(
    name: str,
    cells: NumericProfile,
    column: ColumnReference | None,
    found: pd.DataFrame,
    *,
    infinite: int = 0,
    rounded: int = 0,
) -> Part:
    """Make profile and counts of what the database answered, `ANSWER` with one row per group.

    `infinite` and `rounded` are what `further` counted. Infinities count as nulls, as in canonical rows.

    >>> import pandas as pd
    >>> from driftloop.monitoring.profiles.numbers import measure
    >>> cells = measure(np.array([1.0, 3.0]))
    >>> one = float(groups(cells, None).searchsorted(1.0, side="right"))
    >>> found = pd.DataFrame([[one, 2, 1.0, 0.0, 1.0, 1.0], [0, 3, None, None, None, None]], columns=ANSWER)
    >>> made = answer("x", cells, None, found)
    >>> made[0].counts.tolist(), made[0].nulls, made[2].infinite
    ([0, 2, 0, 0], 3, 3)
    """
    ends = groups(cells, column)
    place, times = found["place"].to_numpy(np.float64), found["n"].to_numpy(np.int64)
    least, most = found["lo"].to_numpy(np.float64), found["hi"].to_numpy(np.float64)
    everything, last = int(times.sum()), len(ends)
    there = (place > 0) & (place < last)
    endless = int(times[(place == 0) | ((place == last) & np.isinf(most))].sum()) + infinite
    start, many, rows = ends[place[there].astype(np.intp) - 1], times[there], int(times[there].sum())
    mean, within = found["mean"].to_numpy(np.float64)[there], found["variance"].to_numpy(np.float64)[there]
    for beyond, fence in ((start < cells.fence_low, cells.fence_low), (start > cells.fence_high, cells.fence_high)):
        mean, within = np.where(beyond, fence, mean), np.where(beyond, 0.0, within)
    at, width = cells.edges.searchsorted(start, side="right"), len(cells.edges) + 1
    sums = many * mean
    middle = float(sums.sum()) / rows if rows else 0.0
    low, high = (float(least[there].min()), float(most[there].max())) if rows else (math.nan, math.nan)
    profile = replace(
        cells,
        counts=np.bincount(at, weights=many, minlength=width).astype(np.int64),
        sums=np.bincount(at, weights=sums, minlength=width).astype(np.float64),
        nulls=everything - rows,
        infinite=0,
        low=low,
        high=high,
        # Chan, Golub and LeVeque 1979: squares within the groups and between their means
        m2=float((many * within).sum() + (many * (mean - middle) ** 2).sum()),
        blocks=None,
    )
    counted = Counted(rows=everything, nulls=everything)
    if rows:
        outside = 0
        if column is not None and column.low is not None and column.high is not None:
            outside = int(many[(start < column.low) | (start > column.high)].sum())
        counted = replace(counted, nulls=everything - rows, outside=outside, only=low, varied=low != high, least=low)
    coerced = Coerced(
        name,
        rows=everything,
        given=rows + endless,
        lost=0,
        infinite=endless,
        text=False,
        came_as="float64",
        example="",
        rounded=rounded,
        low=low if rows else math.inf,
        high=high if rows else -math.inf,
    )
    return profile, counted, coerced


def _above(value: float) -> float:
    return float(np.nextafter(value, np.inf))
