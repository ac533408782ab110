"""Laws of types: a column of any type of a frame is counted as its canonical numbers or text."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import DuplicateColumns
from driftloop.monitoring.profiles import Profiles, first, like
from driftloop.monitoring.records import Kind
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import labels

NUMBERS = {"x": [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0, 86400.0]}
LABELS = {"x": ["1", "1", "2", "3", "a", "True", "1.5", "2026-01-01", "0.1", "[1]"]}
WHOLE = [1, None, 3, 3]
TEXT = ["3", "1.5", "a", "a", "", "nan", None]


def coded(values: list[object], codes: list[int | None], kind: pa.DataType) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, kind), pa.array(values))


ARRAYS = {
    **{str(kind): pa.array(WHOLE, kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(kind): pa.array(WHOLE, kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    "float16": pa.array(np.array([1.0, 2.5, np.nan], dtype="float16")),
    "float32": pa.array([0.1, None, float("nan"), 3.0], pa.float32()),
    "float64": pa.array([0.1, None, float("nan"), 3.0]),
    "bool": pa.array([True, None, False]),
    "decimal128": pa.array([Decimal("1.50"), Decimal("3.00"), None]),
    "decimal256": pa.array([Decimal("1.50"), Decimal("3.00"), None], pa.decimal256(60, 2)),
    "duration": pa.array([timedelta(days=1), None]),
    "date": pa.array([date(2026, 1, 1), None]),
    "timestamp": pa.array([datetime(2026, 1, 1), None]),
    "string": pa.array(TEXT),
    "large_string": pa.array(TEXT, pa.large_string()),
    "string_view": pa.array(TEXT, pa.string_view()),
    "binary": pa.array([b"3", b"a", b"\xff", None]),
    "null": pa.nulls(3),
    "nul in a text": pa.array(["a\0", "a"]),
    "list": pa.array([[1], None]),
    "coded text": coded(["3", "a"], [0, 1, 1, None], pa.int32()),
    "coded text in few bits": coded(["3", "a"], [0, 1, 1, None], pa.int8()),
    "coded numbers": coded([1.5, 3.0], [0, 1, 1, None], pa.int16()),
}


def counted(profiles: Profiles) -> list[object]:
    profile = profiles["x"]
    return [profiles.rows, profile.cells.tolist(), profile.nulls]


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
@pytest.mark.parametrize("name", ARRAYS)
def test_every_type_counts_as_its_canonical_form(name: str, kind: Kind) -> None:
    """Whatever pandas makes of an Arrow type is counted as the numbers or the text that it is canonically."""
    reference = first(pd.DataFrame(NUMBERS if kind == "numeric" else LABELS), {"x": kind})
    values = pa.table({"x": ARRAYS[name]}).to_pandas()["x"]
    plain = numbers(values, "x")[0] if kind == "numeric" else pd.Series(labels(values), dtype=object)
    assert counted(like(reference, values.to_frame())) == counted(like(reference, plain.to_frame("x")))


def test_categories_of_a_frame_count_as_their_text() -> None:
    """Categories that no row has, null, numbers as levels and a NUL in the text: as if the text itself were there."""
    levels = pd.Index([2.0, "unused", "a\0", "b"], dtype=object)
    values = pd.Series(pd.Categorical.from_codes([3, -1, 0, 2, 3], categories=levels))
    reference = first(pd.DataFrame({"x": ["b", "2", "b"]}), {"x": "categorical"})
    made = like(reference, pd.DataFrame({"x": values}))
    assert counted(made) == counted(like(reference, pd.DataFrame({"x": values.astype(object)})))
    assert made.categorical("x").cells.tolist() == [2, 1, 1]


def test_infinities_are_counted_apart() -> None:
    """An infinity is counted as such, moves no sum and is no null."""
    reference = first(pd.DataFrame(NUMBERS), {"x": "numeric"})
    made = like(reference, pd.DataFrame({"x": [1.0, float("inf"), -float("inf"), np.nan]})).numeric("x")
    assert (made.finite, made.infinite, made.nulls, made.sums.sum(), made.high) == (1, 2, 1, 1.0, 1.0)


def test_a_name_that_occurs_twice_is_refused() -> None:
    """Rows in which a column's name fits two columns raise an error that names it."""
    reference = first(pd.DataFrame(NUMBERS), {"x": "numeric"})
    with pytest.raises(DuplicateColumns, match="'x'"):
        like(reference, pd.DataFrame([[1.0, 2.0]], columns=["x", "x"]))


def test_blocks_of_coded_levels(tmp_path: Path) -> None:
    """Levels coded by another dictionary in each chunk are counted by block of time all the same, in any row order."""
    chunks = [coded(["a", "b"], [0, 1, 1], pa.int8()), coded(["b", "c"], [0, 0, 1, None], pa.int8())]
    table = pa.table({"x": pa.chunked_array(chunks)}).to_pandas()
    blocks = first(table, {"x": "categorical"}, blocks=np.array([0, 2, 0, 2, 0, 0, 2]))["x"].blocks
    assert blocks is not None
    assert blocks.tolist() == [[2, 1, 1, 0, 0], [0, 0, 0, 0, 0], [2, 0, 0, 0, 1]]
