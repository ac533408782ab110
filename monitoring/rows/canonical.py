"""From whatever a source delivers to canonical columns: float64, text or None, UTC time. Reports what it had to change.

Evidently silently skips a dozen dtypes and some text breaks it; after this step there are only two kinds of column.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import ColumnsLost, ColumnsTwice, clipped
from driftloop.monitoring.records import Finding, FindingCode

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored

NULL_WORDS = frozenset({"", "nan", "na", "n/a", "<na>", "nat", "null", "none"})
# Object columns of one of these kinds can be told apart by equality; in the others 1, 1.0 and True are one key.
PURE = frozenset({"string", "bytes", "boolean", "integer", "floating", "decimal", "date", "datetime", "empty"})
WHOLE_DIGITS, MOST_DIGITS = 21, 100
EXACT = 1 << 53  # whole numbers beyond it are not all floats
# So far from zero, in units of their range, numbers have no digits left for statistics; squares of huge ones overflow.
FAR, HUGE = 2e13, 1e140

# A category needs no more characters; of longer text a checksum keeps different ones apart.
LONGEST_TEXT, CUT = 4096, "... "


INFINITE = FindingCode(
    name="infinite",
    severities=("warning",),
    meaning="a numeric column has infinite values, which count as missing",
    cause="a division by zero or an overflow upstream",
    remedy="replace them in the source or in `columns.derived`",
)
ROUNDED = FindingCode(
    name="rounded",
    severities=("warning",),
    meaning="whole numbers beyond 2^53 are rounded to the nearest floating-point number",
    cause="ids or nanoseconds in a numeric column",
    remedy="move ids to `columns.categorical`; subtract an offset from other numbers in `columns.derived`",
)
LONG_TEXT = FindingCode(
    name="long_text",
    severities=("warning",),
    meaning="a category is longer than 4,096 characters and is cut, with a checksum of the whole text",
    cause="free text or a document in a categorical column",
    remedy="remove the column from the features, or derive a short category",
)
BEYOND_PRECISION = FindingCode(
    name="beyond_precision",
    severities=("warning",),
    meaning="the differences between the numbers of a column are beyond the 16 digits of a number",
    cause="small differences on a very large offset, such as times in nanoseconds",
    remedy="subtract the offset or rescale in `columns.derived`",
)
TYPE_CHANGED = FindingCode(
    name="type_changed",
    severities=("error", "warning"),
    meaning="a numeric column came as text; what is not a number counts as missing (an error if no value is a number)",
    cause="another number format, units or words among the numbers, or a changed source",
    remedy="fix the source, or set `columns.types` (decimal_comma, thousands_comma)",
)


class Unread(str):
    """Text in a numeric column that was no number to the source, whatever Python would make of it."""

    __slots__ = ()


@dataclass(frozen=True)
class Bent:
    """How the values of a numeric column came, counted, so that parts of a window can be added up."""

    name: str
    rows: int
    given: int
    lost: int
    infinite: int
    text: bool
    came_as: str
    example: str
    rounded: int = 0
    low: float = math.inf
    high: float = -math.inf
    cut: int = 0

    def __add__(self, other: Bent) -> Bent:
        told = self if self.lost or (self.text and not other.lost) else other
        return Bent(
            self.name,
            self.rows + other.rows,
            self.given + other.given,
            self.lost + other.lost,
            self.infinite + other.infinite,
            self.text or other.text,
            told.came_as,
            told.example,
            self.rounded + other.rounded,
            min(self.low, other.low),
            max(self.high, other.high),
            self.cut + other.cut,
        )

    def findings(self) -> Iterator[Finding]:
        """What had to be bent to make numbers of them."""
        if self.given and (self.text or self.lost):
            yield self._type_changed()
        if self.infinite:
            many = f"{self.infinite:,} infinite values in {self.rows:,} rows; they count as null"
            one = f"1 infinite value in {self.rows:,} rows; it counts as null"
            yield INFINITE.found(
                f"{self.name} has {one if self.infinite == 1 else many}",
                column=self.name,
                observed=self.infinite / self.rows,
                limit=0.0,
            )
        if self.rounded:
            yield ROUNDED.found(
                f"{self.name} has {self.rounded:,} whole numbers beyond 2^53 in {self.rows:,} rows; they are "
                "rounded. If they are ids, move the column to columns.categorical",
                column=self.name,
                observed=self.rounded / self.rows,
                limit=0.0,
            )
        yield from self._without_digits()
        if self.cut:
            yield LONG_TEXT.found(
                f"{self.name} has over {LONGEST_TEXT:,} characters in {self.cut:,} of {self.rows:,} rows; "
                "it is cut, with a checksum of the whole text at its end",
                column=self.name,
                observed=self.cut / self.rows,
                limit=0.0,
            )

    def _without_digits(self) -> Iterator[Finding]:
        largest, spread = max(abs(self.low), abs(self.high)), self.high - self.low
        if not (self.low < self.high and (largest > FAR * spread or largest > HUGE)):
            return
        yield BEYOND_PRECISION.found(
            f"{self.name} has numbers from {self.low:.6g} to {self.high:.6g}; their differences are beyond "
            "the 16 digits of a number, so drift cannot be judged: subtract an offset or rescale in columns.derived",
            column=self.name,
        )

    def _type_changed(self) -> Finding:
        told = "all values read as numbers"
        if self.lost:
            are = "is no number" if self.lost == 1 else "are no numbers"
            told = f"{self.lost:,} of {self.given:,} values {are}, such as {self.example}"
            if re.match(r"'[-+]?\d{1,3}([.,]\d{3})*[.,]\d+'", self.example):
                told += "; if it is one, columns.types says how: decimal_comma or thousands_comma"
        return TYPE_CHANGED.found(
            f"{self.name} is numeric in the config and came as {self.came_as}: {told}",
            severity="error" if self.lost == self.given else "warning",
            column=self.name,
            observed=self.lost / self.given,
        )


def conform(frame: pd.DataFrame, config: Monitored) -> tuple[pd.DataFrame, tuple[Bent, ...]]:
    """Time as it is, features and target as float64 (NaN is null) or text (None is null), in the config's order.

    With it how each column came. A column that is not there raises `ColumnsLost`, one that is there twice
    `ColumnsTwice`.
    """
    made, bent = coded(frame, config)
    return plain(made), bent


def coded(frame: pd.DataFrame, config: Monitored) -> tuple[pd.DataFrame, tuple[Bent, ...]]:
    """The rows as `conform` gives them, with `pd.Categorical` in place of text: a code a row and each text once."""
    columns = config.columns
    judged = (*columns.features, columns.target)
    there = frame.columns.tolist()
    times = Counter(there)
    lost = [name for name in (columns.time, *judged) if not times[name]]
    if lost:
        raise ColumnsLost("the rows", lost, map(str, there))
    twice = [name for name in (columns.time, *judged) if times[name] > 1]
    if twice:
        raise ColumnsTwice("the rows", twice)
    made: dict[str, pd.Series[Any]] = {columns.time: frame[columns.time]}
    bent: list[Bent] = []
    for name in judged:
        if config.kind(name) == "numeric":
            made[name], came = numbers(frame[name], name)
            bent.append(came)
        else:
            made[name], came = _categories(frame[name], name)
            bent.append(came)
    numbered = {name: values.reset_index(drop=True) for name, values in made.items()}
    return pd.DataFrame(numbered, copy=False), tuple(bent)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with each `pd.Categorical` of text as that text, null as None.

    >>> plain(pd.DataFrame({"c": pd.Categorical(["a", None])}))["c"].tolist()
    ['a', None]
    """
    texts: dict[str, pd.Series[Any]] = {}
    for name, values in frame.items():
        if isinstance(values.dtype, pd.CategoricalDtype):
            spelled = np.array([*values.cat.categories, None], dtype=object)
            texts[str(name)] = pd.Series(spelled[values.cat.codes], index=frame.index, dtype=object)
    return frame.assign(**texts)


def numbers(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], Bent]:
    """Values as float64. Text that reads as a number is one; what does not, and infinity, becomes null and is told.

    Booleans are 0 and 1, time spans are seconds; a moment is no number. Numbers are read as Python writes them: no
    decimal comma, no thousands sign. The words for nothing ("", "nan", "null" and their like) are null.

    >>> made, bent = numbers(pd.Series(["1e5", " 12 ", "1.5%", "", "inf"]), "fare")
    >>> made.tolist()
    [100000.0, 12.0, nan, nan, nan]
    >>> [finding.message for finding in bent.findings()]  # doctest: +NORMALIZE_WHITESPACE
    ["fare is numeric in the config and came as str: 1 of 4 values is no number, such as '1.5%'",
     'fare has 1 infinite value in 5 rows; it counts as null']
    """
    read = _read(values)
    infinite = np.isinf(read.made)
    lost = int(read.lost.sum())
    place = values.attrs.get("places", {}).get(name, "")
    made = np.where(infinite, np.nan, read.made) if infinite.any() else read.made
    bent = Bent(
        name,
        rows=len(values),
        given=int((~np.isnan(read.made) | read.lost).sum()),
        lost=lost,
        infinite=int(infinite.sum()),
        text=read.text,
        came_as="text" if "places" in values.attrs else str(values.dtype),
        example=clipped(repr(str(values.iloc[int(read.lost.argmax())])), 40) + (f" ({place})" if place else "")
        if lost
        else "",
        rounded=_rounded(values),
        low=float(np.fmin.reduce(made, initial=math.inf)),
        high=float(np.fmax.reduce(made, initial=-math.inf)),
    )
    return pd.Series(made, index=values.index, copy=False), bent


def _categories(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], Bent]:
    """Values as categories without text of megabytes, and how many were cut, here or by the engine."""
    codes, texts = _coded(values)
    long = [text is not None and len(text) > LONGEST_TEXT for text in texts]
    cut = int(np.append(long, False)[codes].sum())
    # What is spelled or cut alike is one category; a spelling may be null.
    one = pd.factorize(np.array([shortened(text) if text else text for text in texts], dtype=object))
    made = pd.Categorical.from_codes(np.append(one[0], -1)[codes], categories=pd.Index(one[1], dtype=object))
    return pd.Series(made), Bent(name, len(codes), 0, 0, 0, text=False, came_as="", example="", cut=cut)


def shortened(text: str) -> str:
    """Long text cut, with the checksum of what it was; what engines have cut stays as it is."""
    end = text[LONGEST_TEXT:]
    if len(text) <= LONGEST_TEXT or (end.startswith(CUT) and len(end) == len(CUT) + 32):
        return text
    return text[:LONGEST_TEXT] + CUT + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def labels(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text, null as None. A whole number is spelled without a point, whether it came as int or float.

    >>> labels(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', None]
    """
    codes, texts = _coded(values)
    return pd.Series(np.array([*texts, None], dtype=object)[codes], index=values.index, dtype=object)


def _coded(values: pd.Series[Any]) -> tuple[NDArray[np.intp], list[str | None]]:
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


def _rounded(values: pd.Series[Any]) -> int:
    """How many whole numbers become another one as a float."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return 0
    if pd.api.types.is_integer_dtype(kind):
        there = values.dropna().to_numpy()
        far = [int(value) for value in there[(there > EXACT) | (there < -EXACT)]]
    elif pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
        texts = [value for value in values if isinstance(value, int | str) and not isinstance(value, bool | Unread)]
        far = [value for value in map(_whole_number, texts) if abs(value) > EXACT]
    else:
        return 0
    return sum(int(float(value)) != value for value in far if abs(value) <= HUGE)


def _whole_number(value: int | str) -> int:
    """The whole number that text of many digits stands for, 0 for any other text."""
    if isinstance(value, int):
        return value
    digits = value.strip()
    return int(digits) if 15 < len(digits) < 40 and digits.lstrip("+-").isdecimal() else 0


def as_levels(values: pd.Series[Any], levels: Iterable[str]) -> pd.Series[Any]:
    """Categories of a caller as text, spelled as the model knows them: its text may come from a CSV, theirs is typed.

    A boolean or a number that is no level is the only level of the same value, if there is one; text stays as it is.

    >>> as_levels(pd.Series([True, False, None], dtype="boolean"), ["true", "no"]).tolist()
    ['true', 'False', None]
    >>> as_levels(pd.Series([1.1, 2.0]), ["1.10", "2"]).tolist(), as_levels(pd.Series(["1.1"]), ["1.10"]).tolist()
    (['1.10', '2'], ['1.1'])
    """
    spelled, known = labels(values), set(levels)
    if not (pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype)):
        return spelled
    alike: dict[object, list[str]] = {}
    for level in known:
        alike.setdefault(_value(level), []).append(level)
    unknown = {text for text in spelled.dropna().unique() if text not in known}
    other = {text: found[0] for text in unknown if len(found := alike.get(_value(text), [])) == 1}
    return pd.Series([other.get(text, text) for text in spelled], index=spelled.index, dtype=object)


def _value(text: str) -> object:
    lower = text.strip().lower()
    try:
        return lower if lower in ("true", "false") else float(lower)
    except ValueError:
        return text


class _Read(NamedTuple):
    """What was made of a column: the numbers, where a value was there that is none, and whether it came as text."""

    made: NDArray[np.float64]
    lost: NDArray[np.bool_]
    text: bool


def _read(values: pd.Series[Any]) -> _Read:
    kind = values.dtype
    nothing = np.zeros(len(values), dtype=bool)
    if isinstance(kind, pd.CategoricalDtype):
        levels = _read(pd.Series(values.cat.categories))
        codes = values.cat.codes.to_numpy()
        made, lost = np.append(levels.made, np.nan), np.append(levels.lost, False)
        return _Read(made[codes], lost[codes], levels.text and bool((codes >= 0).any()))
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        if not pd.api.types.is_complex_dtype(kind) and not pd.api.types.is_object_dtype(kind):
            return _Read(values.to_numpy(dtype="float64", na_value=np.nan).astype("float64"), nothing, False)
    elif pd.api.types.is_timedelta64_dtype(kind):
        return _Read(values.dt.total_seconds().to_numpy(dtype="float64"), nothing, False)
    elif pd.api.types.is_datetime64_any_dtype(kind):
        return _Read(np.full(len(values), np.nan), values.notna().to_numpy(), False)
    elif pd.api.types.is_string_dtype(kind) and not pd.api.types.is_object_dtype(kind):
        codes, uniques = pd.factorize(values)
        if len(uniques) < len(values):
            levels = _read(pd.Series(uniques, dtype=object))
            made, lost = np.append(levels.made, np.nan), np.append(levels.lost, False)
            return _Read(made[codes], lost[codes], levels.text)
    plain = values.astype(object)
    each = [_number(value) for value in plain]
    made = np.array([np.nan if number is None else number for number in each], dtype="float64")
    lost = np.array([number is None for number in each], dtype=bool)
    text = any(isinstance(value, str | bytes) and not np.isnan(made[at]) for at, value in enumerate(plain))
    return _Read(made, lost, text)


def _number(value: object) -> float | None:
    """One value as a float: NaN if it is null, None if it is no number."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if _null(value) or (isinstance(value, str) and value.strip().lower() in NULL_WORDS):
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


def _null(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return value is None or value is pd.NA or value is pd.NaT


def spell(value: object) -> str | None:
    """One value as text: the same for a value whatever others are beside it, and another one for another value.

    >>> spell(1.0), spell(Decimal("12345678901234567890.10")), spell(b"ab"), spell(bytes([255, 1]))
    ('1', '12345678901234567890.1', 'ab', '0xff01')
    """
    if _null(value):
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
    # As the float is spelled, if that is the same number; else by all digits.
    if math.isfinite(near) and Decimal(repr(near)) == value and abs(value) < EXACT:
        return spell(near)
    if abs(value.adjusted()) > MOST_DIGITS:
        return str(value.normalize())
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
