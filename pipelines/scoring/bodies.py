"""Bodies of requests: rows as JSON records or as an Arrow stream. Bad bodies are refused with a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.served.reading import read
from driftloop.pipelines.scoring.arrow_rows import ArrowRows, table_of
from driftloop.pipelines.scoring.refusals import Refused, lost, refuse_number, shown, wrong_value

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
Values: TypeAlias = "pd.Series[Any] | NDArray[np.float64]"
NUMBERS = {int, float, bool, type(None)}


def body_kind(content_type: str) -> str:
    """Return the type of a body, without its parameters; JSON without a header.

    >>> body_kind("application/json; charset=utf-8")
    'application/json'
    """
    kind = content_type.partition(";")[0].strip().lower() or JSON
    if kind not in (JSON, ARROW):
        raise Refused(
            415,
            f"a body of the type {kind!r}",
            expected=f"{JSON} or {ARROW}",
            remedy="send the header Content-Type, and a JSON array of objects or an Arrow IPC stream",
        )
    return kind


def unpacked(content_encoding: str) -> None:
    """Raise `Refused` for a body that is compressed."""
    encoding = content_encoding.strip().lower()
    if encoding not in ("", "identity"):
        raise Refused(
            415,
            f"a body with the Content-Encoding {encoding[:80]!r}",
            expected="a body that is not compressed",
            remedy="send the body as it is, without the header Content-Encoding",
        )


class Rows(Protocol):
    """Rows of a body that was parsed, which several versions can read."""

    def gather(
        self, names: Sequence[str], optional: Sequence[str], numeric: Set[str]
    ) -> tuple[Mapping[str, Values], int]:
        """Return the columns `names` and those of `optional` that are there, and the number of rows."""


def parsed(kind: str, body: bytes) -> Rows:
    """Parse a body; `Refused` if it is no rows, or has too many."""
    return JsonRows(_objects(body)) if kind == JSON else ArrowRows(table_of(body))


def columns_of(
    rows: Rows, numeric: Sequence[str], others: Sequence[str], optional: Sequence[str] = ()
) -> tuple[dict[str, Values], int]:
    """Return the columns `numeric` and `others` of a body, those of `optional` it has, and the number of its rows.

    Numeric columns come as they are, all others as objects. `Refused` for a column that a row lacks, for values that
    are not single values, and for text in a numeric column that is not a number.
    """
    found, count = rows.gather(list(dict.fromkeys([*numeric, *others])), optional, set(numeric))
    columns = dict(found)
    for name in numeric:
        values = columns[name]
        if isinstance(values, np.ndarray) or pd.api.types.is_numeric_dtype(values.dtype):
            continue
        unread = read(values).lost
        if unread.any():
            at = int(unread.argmax())
            raise wrong_value(name, at, values.iloc[at], "a number or null")
    return columns, count


@dataclass(frozen=True)
class JsonRows:
    """Rows as JSON objects."""

    objects: Sequence[Mapping[str, Any]]

    def gather(
        self, names: Sequence[str], optional: Sequence[str], numeric: Set[str]
    ) -> tuple[Mapping[str, Values], int]:
        """Return columns and the number of rows; see `columns_of`."""
        rows, columns, index = self.objects, dict[str, Values](), pd.RangeIndex(len(self.objects))
        there = (name for name in optional if name not in names and any(name in row for row in rows))
        for name, values in (
            _gathered(rows, names) | {name: [row.get(name) for row in rows] for name in there}
        ).items():
            kinds = set(map(type, values))
            if kinds & {list, dict}:
                at = next(at for at, value in enumerate(values) if isinstance(value, list | dict))
                raise wrong_value(name, at, values[at], "a single value")
            plain = name in numeric and kinds <= NUMBERS
            # Of an array of objects pandas would make its own type of text.
            columns[name] = (
                np.array(values, dtype=np.float64) if plain else pd.Series(values, dtype=object, index=index)
            )
        return columns, len(rows)


def _objects(body: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_rows(f"a body that is not JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _not_rows(f"JSON that is not an array of objects but {shown(rows)}")
    refuse_number(len(rows))
    if not _keys_differ(body, sum(map(len, rows))):
        _refuse_repeated_keys(body)
    return rows


def _keys_differ(body: bytes, keys: int) -> bool:
    """Return whether each object certainly has no key twice; the parser keeps `keys` different ones in all."""
    apart = any(blank + b":" in body for blank in (b" ", b"\t", b"\n", b"\r"))
    return not apart and body.count(b'":') == keys


class _Repeated(dict[str, Any]):
    """An object with a key that is there more than once."""

    key = ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated, counts = _Repeated(found), Counter(key for key, _ in pairs)
    repeated.key = counts.most_common(1)[0][0]
    return repeated


def _refuse_repeated_keys(body: bytes) -> None:
    try:
        rows = json.loads(body, object_pairs_hook=_pairs)
    except RecursionError:
        raise _not_rows("JSON that is nested too deeply") from None
    for at, row in enumerate(rows):
        if isinstance(row, _Repeated):
            raise Refused(
                422,
                f"row {at} has the key {shown(row.key)} more than once",
                expected="each key once per row",
                remedy="remove the value that is not meant",
            )


def _gathered(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return the values of columns that every row must have."""
    if not rows or not names:
        return {name: [] for name in names}
    try:
        # One name alone would return no tuples.
        whole = zip(*map(itemgetter(*names, names[0]), rows), strict=True)
    except KeyError:
        name, at = next((name, at) for name in names for at, row in enumerate(rows) if name not in row)
        raise lost(name, at, rows) from None
    return dict(zip(names, whole, strict=False))


def _not_rows(found: str) -> Refused:
    return Refused(
        400,
        found,
        expected='an array with an object per row, such as [{"distance": 1400, "carrier": "UA"}]',
        remedy="send valid JSON; numbers must be finite",
    )
