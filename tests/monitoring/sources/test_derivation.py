"""Derived columns of rows that a caller sends are those that a check derives from the source."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import read_rows
from driftloop.monitoring.sources.derivation import Derivation, UnreadValues
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.engines.duckdb import of_frame

TYPES = {"ts": "TIMESTAMP", "a": "DOUBLE", "b": "BIGINT", "c": "VARCHAR", "after": "TIMESTAMP"}


def columns(derived: dict[str, str], **more: Any) -> Columns:
    made = {"time": "ts", "target": "y", "numeric": list(derived), "derived": derived, "time_zone": "Europe/Berlin"}
    return Columns.model_validate({**made, **more})


def test_the_same_numbers_as_a_check_reads(tmp_path: Path) -> None:
    """Chains, columns that take the place of others, NaN and local hours, from a file and from a request."""
    derived = {
        "hour": "hour(ts)", "ratio": "a / b", "b2": "coalesce(ratio, -1)", "a": "a * 2", "twice": "a + hour",
        "long": "length(c)", "none": "CAST('nan' AS DOUBLE)", "kept": "coalesce(none, 7)",
    }  # fmt: skip
    rows = pd.DataFrame(
        {
            "ts": pd.to_datetime(["2026-07-01 23:30", "2026-07-02 00:30", "2026-07-02 12:00"]),
            "a": [1.5, np.nan, 3.0], "b": [2, 0, 4], "c": ["x", None, "zzz"], "y": [0.0, 1.0, 2.0],
        }
    )  # fmt: skip
    rows.to_parquet(tmp_path / "rows.parquet")
    given = columns(derived)
    window = Window(start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 8, 1, tzinfo=UTC))
    expected = read_rows(Source(path="rows.parquet"), given, window, tmp_path).frame
    sent = pd.DataFrame(
        {
            "ts": ["2026-07-01T23:30:00", "2026-07-01T22:30:00Z", "2026-07-02T12:00:00+02:00"],
            "a": [1.5, None, 3], "b": [2, 0, 4], "c": ["x", None, "zzz"],
        },
        index=[5, 6, 7],
    ).astype(object)  # fmt: skip
    found = Derivation(given, TYPES, derived).added(sent)
    assert list(found.index) == [5, 6, 7]
    for name in derived:
        assert np.array_equal(
            found[name].to_numpy(np.float64, na_value=np.nan),
            expected[name].to_numpy(np.float64, na_value=np.nan),
            equal_nan=True,
        ), name


def test_only_what_is_needed_must_be_sent() -> None:
    """A derived target, the filter and what they read are not computed."""
    given = columns({"y": "date_diff('minute', ts, after)", "x": "a + 1", "z": "x * b"}, numeric=["z"], filter="y > 0")
    derivation = Derivation(given, TYPES, ["z"])
    assert derivation.reads == ("a", "b")
    assert derivation.added(pd.DataFrame({"a": [1], "b": [3]}))["z"].tolist() == [6]


@pytest.mark.parametrize(
    ("there", "values", "expected"),
    [
        ("DOUBLE", ["1.5", 2], [1.5, 2.0]),
        ("text read as decimal_comma", ["1.234,5", "2"], [1234.5, 2.0]),
        ("text read as decimal_comma", [1234.5, 2], [1234.5, 2.0]),
        ("DECIMAL(9,2)", ["1.50", "2"], [1.5, 2.0]),
    ],
)
def test_values_are_read_as_the_types_of_the_source(there: str, values: list[Any], expected: list[float]) -> None:
    """Text, numbers, and both in one column."""
    derivation = Derivation(columns({"x": "a + 0"}), {"a": there}, ["x"])
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert derivation.added(frame)["x"].astype(float).tolist() == expected


def test_what_cannot_be_read_is_named() -> None:
    """With column, type and value; so is an expression that fails on a value."""
    derivation = Derivation(columns({"x": "a + 1"}), TYPES, ["x"])
    with pytest.raises(UnreadValues) as caught:
        derivation.added(pd.DataFrame({"a": pd.Series([1, "ten"], dtype=object)}))
    assert (caught.value.column, caught.value.kind, caught.value.example) == ("a", "DOUBLE", "ten")
    with pytest.raises(EngineError, match="abc"):
        Derivation(columns({"x": "CAST(c AS INTEGER)"}), TYPES, ["x"]).added(pd.DataFrame({"c": ["abc"]}))
    with pytest.raises(BadExpression, match="SELECT"):
        Derivation(columns({"x": "(SELECT 1)"}), TYPES, ["x"])


def test_rows_that_break_duckdb_do_not_break_the_next_ones() -> None:
    """An internal error makes a connection useless: the next rows get another one."""
    beyond = pa.table({"ts": pa.array([2**62], pa.timestamp("s"))})
    with pytest.raises(Exception, match="INTERNAL Error"):
        of_frame("SELECT CAST(ts AS VARCHAR) FROM given", "given", beyond, "UTC")
    assert of_frame("SELECT a + 1 AS b FROM given", "given", pa.table({"a": [1]}), "UTC").to_pydict() == {"b": [2]}
