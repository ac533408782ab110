"""A categorical column counted by the database: its distinct values come back, spelled here as those of rows are."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from driftloop.monitoring.counting.dialects import Dialect
from driftloop.monitoring.counting.plan import Part
from driftloop.monitoring.profiles import CategoricalProfile
from driftloop.monitoring.profiles.levels import count
from driftloop.monitoring.quality.tally import UNSEEN_KEPT, Counted
from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.rows.canonical import shortened
from driftloop.monitoring.rows.coerced import LONGEST_TEXT, Coerced
from driftloop.monitoring.served.spelling import coded

if TYPE_CHECKING:
    import pandas as pd

# Distinct values above which a column is read row by row instead: ids are as many as rows.
MOST_VALUES = 100_000
ROWS, DUE = "driftloop_rows", "driftloop_due"


def statement(dialect: Dialect, value: str, kind: str, inside: str, due: str | None) -> str:
    """Return the SELECT that counts the distinct values of a column, apart for rows that are `due`, if it is given.

    `value` is the column and `inside` the FROM and WHERE of the rows, both SQL. The answer has the column, `DUE` and
    `ROWS`, and one row more than `MOST_VALUES` if the values are many.
    """
    also, by = ("", "") if due is None else (f"{due} AS {DUE}, ", f"{DUE}, ")
    grouped = f"SELECT {also}{dialect.category(value, kind)} AS {value} FROM {inside}"
    counted = f"SELECT {by}{value}, COUNT(*) AS {ROWS} FROM ({grouped}) AS g"
    return f"{counted} GROUP BY {by}{value} LIMIT {MOST_VALUES + 1}"


def answer(
    name: str, cells: CategoricalProfile, column: ColumnReference | None, values: pd.Series, times: np.ndarray
) -> Part:
    """Make profile and counts of distinct values, shape (k,), and how often each occurs.

    >>> import pandas as pd
    >>> from driftloop.monitoring.profiles.levels import measure
    >>> made = answer("c", measure({"a": 2}), None, pd.Series(["a", "b", None]), np.array([5, 2, 1]))
    >>> made[0].counts.tolist(), made[0].other, made[0].nulls, made[1].varied
    ([5], 2, 1, True)
    """
    codes, texts = coded(values)
    spelled: Counter[str] = Counter()
    cut = 0
    for code, many in zip(codes.tolist(), times.tolist(), strict=True):
        text = texts[code] if code >= 0 else None
        if text is None:
            continue
        cut += many if len(text) > LONGEST_TEXT else 0
        spelled[shortened(text) if text else text] += many
    rows = int(times.sum())
    nulls = rows - sum(spelled.values())
    places = {level: at for at, level in enumerate(cells.levels)}
    at = np.array([places.get(level, len(places)) for level in spelled], dtype=np.intp)
    profile = count(cells, at, np.array(list(spelled.values()), dtype=np.int64), nulls)
    coerced = Coerced(name, rows, 0, 0, 0, text=False, came_as="", example="", cut=cut)
    if not spelled:
        return profile, Counted(rows=rows, nulls=rows), coerced
    known = set(column.levels) if column is not None else set()
    # Which of equally frequent levels came first is not known here.
    new = sorted(((level, many) for level, many in spelled.items() if level not in known), key=lambda one: one[0])
    counted = Counted(
        rows=rows,
        nulls=nulls,
        unseen=sum(many for _, many in new),
        unseen_counts=Counter(dict(Counter(dict(new)).most_common(UNSEEN_KEPT))),
        only=next(iter(spelled)),
        varied=len(spelled) > 1,
    )
    return profile, counted, coerced
