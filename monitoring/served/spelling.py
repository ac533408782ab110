"""Values of any type as text: one spelling for each value, regardless of the type that the source delivered."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .reading import EXACT, is_null

# Object columns of one of these kinds can be told apart by equality; in the others 1, 1.0 and True are one key.
PURE = frozenset({"string", "bytes", "boolean", "integer", "floating", "decimal", "date", "datetime", "empty"})
FEW = 32  # up to here to spell each value takes less time than to find equal ones
WHOLE_DIGITS, MOST_DIGITS = 21, 100


def labels(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text, null as None. A whole number is spelled without a point, whether it came as int or float.

    >>> labels(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', None]
    """
    return pd.Series(spelled(values), index=values.index, dtype=object)


def spelled(values: pd.Series[Any]) -> NDArray[Any]:
    """Return the texts of `labels` as an array."""
    few = values.to_numpy() if len(values) <= FEW and values.dtype == object else ()
    if len(few) and all(value is None or type(value) is str for value in few):
        return np.array([spell(value) for value in few], dtype=object)
    codes, texts = coded(values)
    return np.array([*texts, None], dtype=object)[codes]


def coded(values: pd.Series[Any]) -> tuple[NDArray[np.intp], list[str | None]]:
    """A code for each value, -1 for null, and the text behind each code."""
    kind, size = values.dtype, getattr(values.dtype, "itemsize", 8)
    if getattr(kind, "kind", "") == "f" and size < 8:
        # 0.1 of single precision is 0.1, not the 0.10000000149011612 that it becomes as a Python float
        single, places = np.unique(values.to_numpy(dtype=f"f{size}", na_value=np.nan), return_inverse=True)
        return places, [spell(value) for value in single]
    if not pd.api.types.is_object_dtype(kind) or pd.api.types.infer_dtype(values, skipna=True) in PURE:
        try:
            codes, uniques = pd.factorize(values)
        except (TypeError, NotImplementedError):  # lists and their like
            pass
        else:
            return codes, [spell(value) for value in uniques]
    return np.arange(len(values)), [spell(value) for value in values.astype(object)]


def as_levels(values: pd.Series[Any], levels: Iterable[str]) -> NDArray[Any]:
    """Categories of a caller as text, spelled as the model knows them: its text may come from a CSV, theirs is typed.

    A boolean or a number that is no level is the only level of the same value, if there is one; text stays as it is.

    >>> as_levels(pd.Series([True, False, None], dtype="boolean"), ["true", "no"]).tolist()
    ['true', 'False', None]
    >>> as_levels(pd.Series([1.1, 2.0]), ["1.10", "2"]).tolist(), as_levels(pd.Series(["1.1"]), ["1.10"]).tolist()
    (['1.10', '2'], ['1.1'])
    """
    texts = spelled(values)
    if not (pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype)):
        return texts
    known = set(levels)
    alike: dict[object, list[str]] = {}
    for level in known:
        alike.setdefault(_value(level), []).append(level)
    unknown = {text for text in set(texts) - known if text is not None}
    other = {text: found[0] for text in unknown if len(found := alike.get(_value(text), [])) == 1}
    return np.array([other.get(text, text) for text in texts], dtype=object)


def _value(text: str) -> object:
    lower = text.strip().lower()
    try:
        return lower if lower in ("true", "false") else float(lower)
    except ValueError:
        return text


def spell(value: object) -> str | None:
    """Return a value as text, independent of the other values; different values have different texts.

    >>> spell(1.0), spell(Decimal("12345678901234567890.10")), spell(b"ab"), spell(bytes([255, 1]))
    ('1', '12345678901234567890.1', 'ab', '0xff01')
    """
    if is_null(value):
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        return _of_bytes(bytes(value))
    if isinstance(value, Decimal):
        return _of_decimal(value)
    if isinstance(value, float | np.floating):
        whole = abs(float(value)) < 10.0**WHOLE_DIGITS and value == int(value)
        return str(int(value)) if whole else str(value)
    # xgboost and PostgreSQL refuse text with a NUL in it
    return str(value).replace("\0", "\ufffd")


def _of_bytes(value: bytes) -> str:
    """Text that came as bytes is text; an id is written in hexadecimal digits."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    return text if text.isprintable() and (text or not value) else f"0x{value.hex()}"


def _of_decimal(value: Decimal) -> str | None:
    if not value.is_finite():
        return spell(float(value))
    near = float(value)
    # Spelled as the float if that is the same number; otherwise with all digits.
    if math.isfinite(near) and Decimal(repr(near)) == value and abs(value) < EXACT:
        return spell(near)
    if abs(value.adjusted()) > MOST_DIGITS:
        return str(value.normalize())
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
