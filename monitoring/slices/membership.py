"""Slices that canonical rows belong to. Conditions are evaluated by DuckDB on the rows; nothing is judged here."""

# ruff: noqa: S608  (names are quoted; conditions are checked by `parsed`, and DuckDB reads no file here)
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.conditions import DIALECT, read_by
from driftloop.monitoring.sources.engines.duckdb import of_frame
from driftloop.monitoring.sources.expressions import names_sql


class Marked(NamedTuple):
    """The slices of one `Slice` that rows belong to: places in `names`, shape (n,), -1 for none of them."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]


def mark(slices: Sequence[Slice], rows: pd.DataFrame, columns: Columns) -> tuple[Marked, ...]:
    """Return, for each of the slices, which one of its parts every canonical row belongs to.

    A condition that is null for a row does not hold. A condition that fails raises `BadExpression`.
    """
    held = iter(_held([each for each in slices if each.where is not None], rows, columns))
    return tuple(_by_column(each, rows) if each.where is None else _by_condition(each, next(held)) for each in slices)


def _by_condition(each: Slice, holds: NDArray[np.bool_]) -> Marked:
    return Marked(holds.astype(np.int32) - 1, (each.title,))


def _by_column(each: Slice, rows: pd.DataFrame) -> Marked:
    values = rows[str(each.column)]
    if each.bins:
        numbers = values.to_numpy(np.float64)
        places = np.searchsorted(np.asarray(each.bins), numbers, side="right")
        places = np.where(np.isnan(numbers), len(each.bins) + 1, places)
        return Marked(places.astype(np.int32), (*_bin_names(each), f"{each.title} missing"))
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, levels = values.cat.codes.to_numpy(), list(values.cat.categories)
    else:
        codes, found = pd.factorize(values)
        levels = list(found)
    texts = [f"{level:.12g}" if isinstance(level, float) else str(level) for level in levels]
    names = (*(f"{each.title} = {text}" for text in texts), f"{each.title} missing")
    return Marked(np.where(codes < 0, len(levels), codes).astype(np.int32), names)


def _bin_names(each: Slice) -> list[str]:
    ends = [f"{bound:.15g}" for bound in each.bins]
    inner = [f"{each.title} {low} to {high}" for low, high in pairwise(ends)]
    return [f"{each.title} < {ends[0]}", *inner, f"{each.title} >= {ends[-1]}"]


def _held(conditions: Sequence[Slice], rows: pd.DataFrame, columns: Columns) -> list[NDArray[np.bool_]]:
    """Return for each condition whether it holds, shape (n,)."""
    if not conditions or rows.empty:
        return [np.zeros(len(rows), dtype=bool) for _ in conditions]
    wanted = {name.casefold() for each in conditions for name in read_by(each)}
    used = [str(name) for name in rows.columns if str(name).casefold() in wanted] or [columns.time]
    frame = rows[used].reset_index(drop=True)
    if columns.time in used:
        local = frame[columns.time].dt.tz_convert(columns.time_zone).dt.tz_localize(None)
        frame = frame.assign(**{columns.time: local})
    selected = ", ".join(f"{_plain(name, frame[name])} AS {names_sql([name], DIALECT)}" for name in used)
    try:
        return _answers(conditions, frame, selected)
    except Exception:
        if len(conditions) == 1:
            raise
    # One of them fails: alone it is found.
    return [_answers([each], frame, selected)[0] for each in conditions]


def _plain(name: str, values: pd.Series) -> str:
    """Return SQL for a column of the rows: text as text, and NaN as null."""
    quoted = names_sql([name], DIALECT)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return f"CAST({quoted} AS VARCHAR)"
    if pd.api.types.is_float_dtype(values.dtype):
        return f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END"
    return quoted


def _answers(conditions: Sequence[Slice], frame: pd.DataFrame, selected: str) -> list[NDArray[np.bool_]]:
    held = [f"coalesce(CAST((\n{each.where}\n) AS BOOLEAN), false) AS c{at}" for at, each in enumerate(conditions)]
    try:
        found = of_frame(f"SELECT {', '.join(held)} FROM (SELECT {selected} FROM given) AS s", "given", frame)
    except Exception as error:
        first, reason = conditions[0], str(error).splitlines()[0]
        raise BadExpression(f"slices.{first.title}.where", str(first.where), f"it fails: {reason}") from None
    return [np.asarray(column.to_numpy(), dtype=bool) for column in found.columns]
