"""Values of any type as numbers: what reads as one, and what is null."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NULL_WORDS = frozenset({"", "nan", "na", "n/a", "<na>", "nat", "null", "none"})
EXACT = 1 << 53  # whole numbers beyond it are not all floats


class Unread(str):
    """Text in a numeric column that the source could not read as a number, regardless of Python's rules."""

    __slots__ = ()


class Read(NamedTuple):
    """A column as numbers, with the rows whose value is not a number, and whether it arrived as text."""

    made: NDArray[np.float64]
    lost: NDArray[np.bool_]
    text: bool


def read(values: pd.Series[Any]) -> Read:
    """Read any column as float64. Booleans are 0 and 1, time spans are seconds; a moment is not a number."""
    kind = values.dtype
    nothing = np.zeros(len(values), dtype=bool)
    if isinstance(kind, pd.CategoricalDtype):
        levels = read(pd.Series(values.cat.categories))
        codes = values.cat.codes.to_numpy()
        made, lost = np.append(levels.made, np.nan), np.append(levels.lost, False)
        return Read(made[codes], lost[codes], levels.text and bool((codes >= 0).any()))
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        if not pd.api.types.is_complex_dtype(kind) and not pd.api.types.is_object_dtype(kind):
            return Read(values.to_numpy(dtype="float64", na_value=np.nan).astype("float64"), nothing, False)
    elif pd.api.types.is_timedelta64_dtype(kind):
        return Read(values.dt.total_seconds().to_numpy(dtype="float64"), nothing, False)
    elif pd.api.types.is_datetime64_any_dtype(kind):
        return Read(np.full(len(values), np.nan), values.notna().to_numpy(), False)
    elif pd.api.types.is_string_dtype(kind) and not pd.api.types.is_object_dtype(kind):
        codes, uniques = pd.factorize(values)
        if len(uniques) < len(values):
            levels = read(pd.Series(uniques, dtype=object))
            made, lost = np.append(levels.made, np.nan), np.append(levels.lost, False)
            return Read(made[codes], lost[codes], levels.text)
    plain = values.astype(object)
    each = [_number(value) for value in plain]
    made = np.array([np.nan if number is None else number for number in each], dtype="float64")
    lost = np.array([number is None for number in each], dtype=bool)
    text = any(isinstance(value, str | bytes) and not np.isnan(made[at]) for at, value in enumerate(plain))
    return Read(made, lost, text)


def _number(value: object) -> float | None:
    """Return a value as a float: NaN for null, None if it is not a number."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if is_null(value) or (isinstance(value, str) and value.strip().lower() in NULL_WORDS):
        return float("nan")
    if isinstance(value, timedelta | np.timedelta64):
        return float(pd.Timedelta(value).total_seconds())
    readable = isinstance(value, str | bool | int | float | Decimal | np.bool_ | np.integer | np.floating)
    if not readable or isinstance(value, Unread) or (isinstance(value, str) and "_" in value):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except ValueError:
        return None
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def is_null(value: object) -> bool:
    """Return whether a value is missing: None, NaN, NaT or NA."""
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return value is None or value is pd.NA or value is pd.NaT
