"""Rows as an engine hands them over, made frames without a loss: no id is rounded because another one is null."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# The years 1 to 9999 in days since 1970, and a day in the units of Arrow's moments.
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
DAY_IN = {unit: 86_400 * 10**power for unit, power in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9))}
EXACT = 1 << 53  # whole numbers beyond it are not all floats


def from_arrow(table: pa.Table, texts: Iterable[str] = ()) -> pd.DataFrame:
    """The rows of an Arrow table. Decimals come as the nearest floats, those of `texts` as they are spelled.

    Whole numbers with nulls among them come as floats, unless these would round them.
    """
    import pyarrow as pa

    exact: dict[str, Any] = {}
    for at, column in enumerate(table.schema):
        values = table.column(at)
        if pa.types.is_decimal(column.type):
            table = table.set_column(at, column.name, _decimals(values, column.name in set(texts)))
        elif not _naive(column.type) and beyond_the_years(values):
            kind = pa.string() if pa.types.is_date(column.type) else pa.timestamp(column.type.unit)
            table = table.set_column(at, column.name, values.cast(kind))
        elif column.type in (pa.int64(), pa.uint64()) and values.null_count and _large(values):
            exact[column.name] = "Int64" if column.type == pa.int64() else "UInt64"
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    for name, kind in exact.items():
        frame[name] = _whole(table.column(name), kind)
    return frame


def from_records(rows: Sequence[Sequence[Any]], names: Sequence[str], texts: Iterable[str] = ()) -> pd.DataFrame:
    """The rows of a cursor. Columns of `texts`, and whole numbers that floats would round, come as they are."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(names))
    for at, name in enumerate(names):
        values = [row[at] for row in rows]
        if name in set(texts) or any(type(value) is int and abs(value) > EXACT for value in values):
            frame[name] = pd.Series(values, dtype=object)
    return frame


def _decimals(values: pa.ChunkedArray, as_text: bool) -> Any:
    import pyarrow as pa

    from driftloop.monitoring.served.spelling import spell

    if not as_text:
        # By their digits: Arrow's own conversion is off by one unit in the last place.
        return values.cast(pa.string()).cast(pa.float64())
    encoded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    spelled = [None if text is None else spell(Decimal(text)) for text in encoded.dictionary.to_pylist()]
    return pa.array(spelled, pa.string()).take(encoded.indices)


def _large(values: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    ends = pc.min_max(values)
    return any(abs(end.as_py() or 0) > EXACT for end in ends.values())


def _whole(values: pa.ChunkedArray, kind: str) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(pd.array(values.to_pylist(), dtype=kind))


def _naive(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_timestamp(kind) and kind.tz is None


def beyond_the_years(values: pa.ChunkedArray) -> bool:
    """Return whether some moments are before the year 1 or after 9999: engines store them, Python's dates cannot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return False
    a_day = 1 if pa.types.is_date32(kind) else DAY_IN["ms" if pa.types.is_date64(kind) else kind.unit]
    ends = pc.min_max(values)
    found = [ends[end].value for end in ("min", "max") if ends[end].is_valid]
    return any(not FIRST_DAY <= moment // a_day <= LAST_DAY for moment in found)
