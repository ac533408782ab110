"""Values of any type compared with the smallest and the largest allowed one, exactly: numbers, dates and times."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.served.reading import NULL_WORDS, Unread, is_null
from driftloop.monitoring.served.spelling import spell
from driftloop.monitoring.settings.rules import Rule, shown

Mask = NDArray[np.bool_]
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Compared:
    """Rows compared with a rule's bounds; all arrays have the shape (n,).

    `lost` values are no numbers, or no dates, and cannot be compared. `order` sorts the others. `key` is a value by its
    row, comparable with those of other parts, `text` how it is shown.
    """

    null: Mask
    lost: Mask
    below: Mask
    above: Mask
    order: NDArray[Any]
    key: Callable[[int], Any]
    text: Callable[[int], str]


def compared(values: pd.Series[Any], rule: Rule, zone: str) -> Compared:
    """Compare values with the bounds of a rule; times without an offset are in `zone`."""
    if rule.reads == "timestamp":
        return _moments(values, rule, zone)
    kind = values.dtype
    if pd.api.types.is_timedelta64_dtype(kind):
        return _array(values.dt.total_seconds().to_numpy(dtype="float64"), rule)
    if pd.api.types.is_object_dtype(kind) or pd.api.types.is_complex_dtype(kind):
        return _one_by_one(values, rule, _number)
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        null = values.isna().to_numpy(dtype=bool)
        if pd.api.types.is_extension_array_dtype(kind):
            whole = pd.api.types.is_integer_dtype(kind) or pd.api.types.is_bool_dtype(kind)
            values = values.fillna(0).astype(("uint64" if "U" in str(kind) else "int64") if whole else "float64")
        numbers = values.to_numpy()
        return _array(numbers.astype(np.int64) if numbers.dtype == bool else numbers, rule, null)
    return _one_by_one(values, rule, _number)


def _array(numbers: NDArray[Any], rule: Rule, null: Mask | None = None) -> Compared:
    null = np.isnan(numbers) if null is None else null
    below, above = _outside(numbers, rule.min, rule.max)
    return Compared(
        null=null,
        lost=np.zeros(len(numbers), dtype=bool),
        below=below & ~null,
        above=above & ~null,
        order=numbers,
        key=lambda row: numbers[row].item(),
        text=lambda row: shown(numbers[row].item()),
    )


def _outside(numbers: NDArray[Any], low: Any, high: Any) -> tuple[Mask, Mask]:
    """Compare without rounding: a bound beyond 2**53 is no float, and 0.5 is no whole number."""
    none = np.zeros(len(numbers), dtype=bool)
    if np.issubdtype(numbers.dtype, np.integer):
        ends = np.iinfo(numbers.dtype)
        least, most = (None if low is None else math.ceil(low)), (None if high is None else math.floor(high))
        below = none if least is None or least <= ends.min else ~none if least > ends.max else numbers < least
        above = none if most is None or most >= ends.max else ~none if most < ends.min else numbers > most
        return below, above
    with np.errstate(invalid="ignore"):
        below = none if low is None else numbers.astype(np.float64) < _nearest(low, math.inf)
        above = none if high is None else numbers.astype(np.float64) > _nearest(high, -math.inf)
    return below, above


def _nearest(bound: float, towards: float) -> float:
    """Return the float next to a bound, on the side of `towards` if the bound is no float."""
    try:
        near = float(bound)
    except OverflowError:
        return math.copysign(math.inf, bound)
    beyond = near < bound if towards > 0 else near > bound
    return math.nextafter(near, towards) if beyond else near


def _moments(values: pd.Series[Any], rule: Rule, zone: str) -> Compared:
    """Compare dates and times, as microseconds since 1970 of clock readings, in UTC where they have an offset."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _one_by_one(values, rule, _moment(zone))
    aware = values.dt.tz is not None
    plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if aware else values
    readings = plain.to_numpy(dtype="datetime64[us]")
    null = np.isnat(readings)
    stamps = readings.astype(np.int64)
    low, high = (_edge(bound, zone, aware, last=last) for bound, last in ((rule.min, False), (rule.max, True)))
    below, above = _outside(stamps, low, high)
    return Compared(
        null=null,
        lost=np.zeros(len(stamps), dtype=bool),
        below=below & ~null,
        above=above & ~null,
        order=stamps,
        key=lambda row: int(stamps[row]),
        text=lambda row: _clock(int(stamps[row]), aware),
    )


def _edge(bound: Any, zone: str, aware: bool, *, last: bool) -> int | None:
    """Return a bound in microseconds since 1970: of UTC for values with an offset, else of the clock in `zone`."""
    if bound is None:
        return None
    if not isinstance(bound, datetime):
        bound = datetime.combine(bound, time.max if last else time.min)
    if aware:
        bound = (bound if bound.tzinfo else bound.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    elif bound.tzinfo:
        bound = bound.astimezone(ZoneInfo(zone))
    return int((bound.replace(tzinfo=None) - EPOCH) // MICROSECOND)


def _clock(stamp: int, aware: bool) -> str:
    try:
        moment = EPOCH + timedelta(microseconds=stamp)
    except OverflowError:
        return str(np.datetime64(stamp, "us"))
    text = str(moment.date()) if moment.time() == time.min else str(moment)
    return f"{text} UTC" if aware else text


def _one_by_one(values: pd.Series[Any], rule: Rule, read: Callable[[Any], Any]) -> Compared:
    """Compare objects, each different one once: text, decimals, dates, whole numbers beyond 64 bits."""
    plain = values.astype(object)
    codes: NDArray[np.intp]
    try:
        codes, uniques = pd.factorize(plain)
        different = list(uniques)
    except TypeError:  # lists and their like
        codes, different = np.arange(len(plain)), plain.tolist()
    keys = [read(value) for value in different]
    lost = np.array([key is None and not _nothing(value) for key, value in zip(keys, different, strict=True)] + [False])
    null = np.array([key is None for key in keys] + [True], dtype=bool) & ~lost
    low, high = rule.min, rule.max
    if read is not _number:
        low, high = read(low) if low is not None else None, _last(read, high)
    below = np.array([key is not None and low is not None and key < low for key in keys] + [False])
    above = np.array([key is not None and high is not None and key > high for key in keys] + [False])
    ranks = {at: rank for rank, at in enumerate(sorted((k, at) for at, k in enumerate(keys) if k is not None))}
    place = np.array([ranks.get((key, at), -1) for at, key in enumerate(keys)] + [-1])
    texts = [value.isoformat(" ") if isinstance(value, datetime) else spell(value) or "" for value in different]
    return Compared(
        null=null[codes],
        lost=lost[codes],
        below=below[codes],
        above=above[codes],
        order=place[codes],
        key=lambda row: keys[codes[row]],
        text=lambda row: texts[codes[row]],
    )


def _nothing(value: Any) -> bool:
    return is_null(value) or (isinstance(value, str) and value.strip().lower() in NULL_WORDS)


def _number(value: Any) -> Any:
    """Return a value as an exact number that Python can compare; None for null and anything else."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if _nothing(value) or isinstance(value, Unread):
        return None
    if isinstance(value, timedelta | np.timedelta64):
        return pd.Timedelta(value).total_seconds()
    if isinstance(value, str):
        text = value.strip()
        try:
            number = Decimal(text) if "_" not in text else None
        except InvalidOperation:
            return None
        return None if number is None or number.is_nan() else number
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, int | float | Decimal) else None


def _moment(zone: str) -> Callable[[Any], int | None]:
    """Return a reader of one date, time or ISO text as microseconds of UTC; None for null and for anything else."""

    def read(value: Any) -> int | None:
        if isinstance(value, np.datetime64):
            value = pd.Timestamp(value).to_pydatetime()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                return None
        if _nothing(value) or not isinstance(value, date):
            return None
        return _edge(value, zone, True, last=False)

    return read


def _last(read: Callable[[Any], Any], bound: Any) -> Any:
    if bound is not None and not isinstance(bound, datetime):
        bound = datetime.combine(bound, time.max)
    return None if bound is None else read(bound)
