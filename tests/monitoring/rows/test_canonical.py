"""Whatever a source delivers becomes float64, text or None, and what had to be coerced is reported."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import DuplicateColumns, MissingColumns
from driftloop.monitoring.records import Finding
from driftloop.monitoring.rows.canonical import coded, conform, numbers, plain, shortened
from driftloop.monitoring.served.spelling import labels
from tests.judged import monitored
from tests.streams import stream

NAN = float("nan")


def series(values: list[Any], dtype: Any = None) -> pd.Series[Any]:
    return pd.Series(values, dtype=dtype)


def arrow(dtype: pa.DataType) -> pd.ArrowDtype:
    return pd.ArrowDtype(dtype)


def same(made: pd.Series[Any], expected: list[float]) -> None:
    assert made.dtype == np.dtype("float64")
    np.testing.assert_array_equal(made.to_numpy(), np.array(expected, dtype=float))


NUMBERS: dict[str, tuple[pd.Series[Any], list[float]]] = {
    "uint8": (series([1, 255], "uint8"), [1, 255]),
    "int64 up to 2**53": (series([2**53], "int64"), [2.0**53]),
    "uint64": (series([2**63], "uint64"), [2.0**63]),
    "float32": (series([0.5, None], "float32"), [0.5, NAN]),
    "Int64": (series([1, None], "Int64"), [1, NAN]),
    "Float64": (series([1.5, None], "Float64"), [1.5, NAN]),
    "Float64 with NaN beside NA": (
        pd.Series(pd.arrays.FloatingArray(np.array([1.0, NAN, 0]), np.array([False, False, True]))),
        [1, NAN, NAN],
    ),
    "bool": (series([True, False]), [1, 0]),
    "boolean": (series([True, None], "boolean"), [1, NAN]),
    "objects of bool and None": (series([True, None, False], object), [1, NAN, 0]),
    "arrow int": (series([1, None], "int64[pyarrow]"), [1, NAN]),
    "arrow double": (series([1.5, None], "double[pyarrow]"), [1.5, NAN]),
    "arrow bool": (series([True, None], "bool[pyarrow]"), [1, NAN]),
    "arrow decimal": (series([Decimal("1.5"), None], arrow(pa.decimal128(9, 2))), [1.5, NAN]),
    "arrow dictionary of ints": (
        series([1, 2, None], "Int64").astype(arrow(pa.dictionary(pa.int32(), pa.int64()))),
        [1, 2, NAN],
    ),
    "arrow null": (series([None, None], arrow(pa.null())), [NAN, NAN]),
    "arrow duration": (series([timedelta(seconds=90), None], arrow(pa.duration("us"))), [90, NAN]),
    "timedelta": (series([timedelta(seconds=90), None]), [90, NAN]),
    "objects of timedelta": (series([timedelta(seconds=90), None], object), [90, NAN]),
    "objects of Decimal": (series([Decimal("1.5"), None, Decimal("sNaN")], object), [1.5, NAN, NAN]),
    "objects of float": (series([1.5, None, pd.NA, pd.NaT], object), [1.5, NAN, NAN, NAN]),
    "objects of numpy numbers": (series([np.int64(1), np.float32(2.5)], object), [1, 2.5]),
    "categories of ints": (series([1, 2, None]).astype("category"), [1, 2, NAN]),
    "categories of nothing": (series([None, None]).astype("category"), [NAN, NAN]),
    "sparse": (pd.Series(pd.arrays.SparseArray([0, 1.5, NAN])), [0, 1.5, NAN]),
    "near 1e139": (series([1e139, -1.7e139]), [1e139, -1.7e139]),
    "nothing at all": (series([], "float64"), []),
    "no objects": (series([], object), []),
    "only None": (series([None, None], object), [NAN, NAN]),
    "only words for nothing": (series(["", "nan", "NULL", " N/A "]), [NAN] * 4),
}  # fmt: skip


def read(values: pd.Series[Any], name: str) -> tuple[pd.Series[Any], list[Finding]]:
    """The numbers, and the findings about them."""
    made, coerced = numbers(values, name)
    return made, list(coerced.findings())


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_of_every_kind_are_read_without_a_word(case: str) -> None:
    """Every way to hold numbers and nulls gives float64 with the same values, and there is nothing to report."""
    values, expected = NUMBERS[case]
    made, findings = read(values, "x")
    same(made, expected)
    assert findings == []


NO_NUMBERS: dict[str, pd.Series[Any]] = {
    "text": series(["a", "b", None]),
    "decimal commas": series(["1,5", "2,5"]),
    "thousands signs": series(["1_000", "1'000"]),
    "hexadecimal": series(["0x10"]),
    "datetime": series([datetime(2026, 1, 1), None]),
    "datetime with a zone": series([datetime(2026, 1, 1, tzinfo=UTC), None]),
    "arrow timestamp": series([datetime(2026, 1, 1), None], arrow(pa.timestamp("us"))),
    "arrow date": series([date(2026, 1, 1), None], arrow(pa.date32())),
    "objects of date": series([date(2026, 1, 1), None], object),
    "objects of datetime": series([datetime(2026, 1, 1), None], object),
    "objects of NaT and datetime64": series([np.datetime64("NaT"), np.datetime64("2026-01-01")], object),
    "categories of text": series(["a", None]).astype("category"),
    "categories of datetime": series([datetime(2026, 1, 1), None]).astype("category"),
    "arrow dictionary of text": series(["a", None]).astype(arrow(pa.dictionary(pa.int32(), pa.string()))),
    "arrow list": series([[1], None], arrow(pa.list_(pa.int64()))),
    "period": pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
    "interval": pd.Series(pd.interval_range(0, 2)),
    "complex": series([1 + 2j]),
    "dicts and lists": series([{"a": 1}, [1]], object),
    "bytes that are no number": series([b"\xff", None], object),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_a_column_without_numbers_is_excluded(case: str) -> None:
    """Where no value is a number all become null, and an error names the column, its type and an example."""
    values = NO_NUMBERS[case]
    made, (finding,) = read(values, "fare")
    same(made, [NAN] * len(values))
    assert (finding.code, finding.severity, finding.column, finding.observed) == ("type_changed", "error", "fare", 1.0)
    assert finding.message.startswith(f"fare is numeric in the config and arrived as {values.dtype}: ")
    assert "such as " in finding.message


@pytest.mark.parametrize(
    ("values", "expected", "share"),
    [
        (series(["1e5", " 12 ", "-3.5"]), [1e5, 12, -3.5], 0.0),
        (series(["1", "x", "2", None, ""]), [1, NAN, 2, NAN, NAN], 1 / 3),
        (series(["1", "x"], "string[pyarrow]"), [1, NAN], 0.5),
        (series(["1", "x"]).astype("category"), [1, NAN], 0.5),
        (series([1, "x", 2.5, "4"], object), [1, NAN, 2.5, 4], 0.25),
        (series([1, 2.5, {}], object), [1, 2.5, NAN], 1 / 3),
        (series([b"1", b" 2 "], object), [1, 2], 0.0),
        (series([str(2**64), "-1"]), [2.0**64, -1], 0.0),
    ],
    ids=lambda _: None,
)
def test_text_that_reads_as_numbers_is_used_and_reported(
    values: pd.Series[Any], expected: list[float], share: float
) -> None:
    """What can be read is read; a warning states which share could not."""
    made, (finding,) = read(values, "fare")
    same(made, expected)
    assert (finding.code, finding.severity, finding.observed) == ("type_changed", "warning", pytest.approx(share))


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (series([1.0, math.inf, -math.inf]), ["infinite"]),
        (series([1.0, math.inf, -math.inf], object), ["infinite"]),
        (series([1.0, math.inf, -math.inf], "double[pyarrow]"), ["infinite"]),
        (series([Decimal(1), Decimal("Infinity"), 10**400], object), ["infinite"]),
        (series(["1", "inf", "-Infinity"]), ["type_changed", "infinite"]),
        (series(["1", "1e999", "-inf"]), ["type_changed", "infinite"]),
    ],
    ids=lambda _: None,
)
def test_infinity_counts_as_null_and_is_reported(values: pd.Series[Any], codes: list[str]) -> None:
    """An infinite value in any dress becomes null; the warning states how many of how many."""
    made, findings = read(values, "x")
    same(made, [1, NAN, NAN])
    assert [finding.code for finding in findings] == codes
    assert findings[-1].observed == pytest.approx(2 / 3)
    assert findings[-1].message == "x has 2 infinite values in 3 rows; they count as null"


@given(st.lists(st.floats() | st.none() | st.integers() | st.booleans() | st.text() | st.binary() | st.dates()))
def test_numbers_never_raise_and_never_give_infinity(values: list[Any]) -> None:
    """Whatever is in a column, it becomes as many finite floats or nulls, and no share is outside 0 to 1."""
    made, findings = read(series(values, object), "x")
    assert len(made) == len(values)
    assert made.dtype == np.dtype("float64")
    assert not np.isinf(made).any()
    assert all(0 <= (finding.observed or 0) <= 1 for finding in findings)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_number_written_as_text_is_the_same_number(values: list[float]) -> None:
    """Reading back what Python wrote loses not a bit."""
    same(numbers(series([repr(value) for value in values]), "x")[0], values)


LABELS: dict[str, tuple[pd.Series[Any], list[str | None]]] = {
    "pandas text": (series(["a", "", None]), ["a", "", None]),
    "objects of text": (series(["a", None, NAN, pd.NA], object), ["a", None, None, None]),
    "arrow text": (series(["a", None], arrow(pa.string())), ["a", None]),
    "arrow dictionary": (series(["a", None]).astype(arrow(pa.dictionary(pa.int32(), pa.string()))), ["a", None]),
    "arrow list": (series([[1], None], arrow(pa.list_(pa.int64()))), ["[1]", None]),
    "categories of text": (series(["a", None]).astype("category"), ["a", None]),
    "categories of ints": (series([1, None]).astype("category"), ["1", None]),
    "uint8": (series([1, 255], "uint8"), ["1", "255"]),
    "int64 beyond 2**53": (series([2**53 + 1], "int64"), [str(2**53 + 1)]),
    "Int64": (series([1, None], "Int64"), ["1", None]),
    "float": (series([1.0, -0.0, 2.5, None]), ["1", "0", "2.5", None]),
    "float32": (series([0.1, None], "float32"), ["0.1", None]),
    "Float32": (series([0.1, None], "Float32"), ["0.1", None]),
    "arrow float": (series([0.1, None], "float[pyarrow]"), ["0.1", None]),
    "Float64 with NaN": (
        pd.Series(pd.arrays.FloatingArray(np.array([1.0, NAN]), np.array([False, False]))),
        ["1", None],
    ),
    "infinite": (series([math.inf, -math.inf]), ["inf", "-inf"]),
    "near 1e308": (series([1e308]), ["1e+308"]),
    "Decimal": (series([Decimal("1.50"), Decimal(2), Decimal("NaN")], object), ["1.5", "2", None]),
    "huge Decimal": (series([Decimal("1E+5000")], object), ["1E+5000"]),
    "arrow decimal": (series([Decimal("1.50"), None], arrow(pa.decimal128(9, 2))), ["1.5", None]),
    "bool": (series([True, False]), ["True", "False"]),
    "boolean": (series([True, None], "boolean"), ["True", None]),
    "objects of bool and None": (series([True, None], object), ["True", None]),
    "one and True": (series([1, True, 1.0, "1"], object), ["1", "True", "1", "1"]),
    "True and one": (series([True, 1], object), ["True", "1"]),
    "bytes": (series([b"a", b"\xff", None], object), ["a", "0xff", None]),
    "text with a NUL": (series(["a\0b", None]), ["a\ufffdb", None]),
    "datetime": (series([datetime(2026, 1, 1), None]), ["2026-01-01 00:00:00", None]),
    "arrow date": (series([date(2026, 1, 1), None], arrow(pa.date32())), ["2026-01-01", None]),
    "dicts and lists": (series([{"a": 1}, [1], None], object), ["{'a': 1}", "[1]", None]),
    "sparse": (pd.Series(pd.arrays.SparseArray([0, 1.5, NAN])), ["0", "1.5", None]),
    "nothing at all": (series([], object), []),
    "only None": (series([None, None], object), [None, None]),
}  # fmt: skip


@pytest.mark.parametrize("case", LABELS)
def test_categories_of_every_kind_become_text(case: str) -> None:
    """Every way to hold categories and nulls gives the same text and None, in plain objects."""
    values, expected = LABELS[case]
    made = labels(values)
    assert made.dtype == np.dtype(object)
    assert made.tolist() == expected


@given(st.lists(st.integers(-(2**53), 2**53) | st.none(), min_size=1))
def test_a_whole_number_is_one_label_whatever_its_type(values: list[int | None]) -> None:
    """An integer column that became float through a null keeps its levels."""
    expected = [None if value is None else str(value) for value in values]
    for dtype in ("Int64", "Float64", "float64", "int64[pyarrow]", object):
        assert labels(series(values, dtype)).tolist() == expected


@given(st.lists(st.floats(-(2.0**53), 2.0**53), min_size=1))
def test_a_decimal_is_spelled_as_the_float_of_its_value(values: list[float]) -> None:
    """A column that changes from DOUBLE to DECIMAL keeps its levels."""
    assert (
        labels(series([Decimal(repr(value)) for value in values], object)).tolist() == labels(series(values)).tolist()
    )


@given(st.lists(st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.binary()), st.randoms())
def test_a_label_does_not_depend_on_its_neighbors(values: list[Any], shuffle: Any) -> None:
    """The same value has the same spelling in whatever order and company it comes."""
    alone = [labels(series([value], object)).tolist()[0] for value in values]
    assert labels(series(values, object)).tolist() == alone


def conformed(**changed: Any) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    frame, coerced = conform(stream(7, 10).assign(**changed), monitored())
    return frame, tuple(finding for one in coerced for finding in one.findings())


@given(
    st.lists(st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.booleans(), max_size=12),
    st.integers(0, 12),
)
def test_parts_add_up_to_the_whole(values: list[Any], cut: int) -> None:
    """Read in two parts a column has the same numbers, and the same is reported of it but for the name of its type."""
    whole, coerced = numbers(series(values, object), "x")
    parts = [numbers(series(part, object), "x") for part in (values[:cut], values[cut:])]
    same(pd.concat([made for made, _ in parts], ignore_index=True), whole.tolist())
    assert list((parts[0][1] + parts[1][1]).findings()) == list(coerced.findings())


def test_the_columns_are_those_of_the_config_in_its_order() -> None:
    """Extra columns are left out, the order is the config's, and rows count from zero."""
    frame, findings = conformed(extra=1)
    assert frame.columns.tolist() == ["ts", "amount", "speed", "city", "kind", "y"]
    assert frame.index.tolist() == list(range(70))
    assert findings == ()
    assert [str(dtype) for dtype in frame.dtypes[1:]] == ["float64", "float64", "object", "object", "float64"]


@pytest.mark.parametrize("case", LABELS)
def test_coded_rows_are_the_canonical_ones(case: str) -> None:
    """Coded, each text is once, null is no category, and the text is that of the canonical rows."""
    values = pd.concat([LABELS[case][0]] * 2, ignore_index=True)
    raw = stream(7, 10).head(len(values)).assign(city=values)
    made, coerced = coded(raw, monitored())
    known, result = conform(raw, monitored())
    pd.testing.assert_frame_equal(plain(made), known)
    texts = made["city"].cat.categories.tolist()
    assert sorted(texts) == sorted(set(texts)) == sorted({one for one in LABELS[case][1] if one is not None})
    assert coerced == result


def test_long_texts_that_are_cut_alike_are_one_category() -> None:
    """Text that an engine has cut and the text that it was are one level, and both are counted as cut."""
    long = "x" * 5000
    raw = stream(7, 10).head(3).assign(city=pd.Series([long, shortened(long), "rome"], dtype=object))
    made, coerced = coded(raw, monitored())
    assert made["city"].cat.codes.tolist() == [0, 0, 1]
    assert sum(one.cut for one in coerced) == 2


def test_no_rows_are_canonical_too() -> None:
    """An empty frame gives an empty frame with the same columns and types."""
    empty, coerced = conform(stream(7, 10).head(0), monitored())
    full = conformed()[0]
    assert empty.dtypes.tolist() == full.dtypes.tolist()
    assert (len(empty), [finding for one in coerced for finding in one.findings()]) == (0, [])


def test_an_index_of_duplicates_does_not_matter() -> None:
    """Rows are taken as they come, whatever their index states."""
    raw = stream(7, 10)
    again = raw.set_index(pd.Index([0] * len(raw)))
    pd.testing.assert_frame_equal(conform(again, monitored())[0], conform(raw, monitored())[0])


def test_a_lost_column_is_an_error_that_names_it() -> None:
    """A column of the config that is not there stops the check, with what is there instead."""
    with pytest.raises(MissingColumns, match=r"no column 'speed'[\s\S]*Did you mean 'Speed'"):
        conform(stream(7, 10).rename(columns={"speed": "Speed"}), monitored())


def test_a_column_that_is_there_twice_is_an_error_that_names_it() -> None:
    """Of two columns of one name neither is chosen silently; one that the config does not use may come twice."""
    raw = stream(7, 10)
    with pytest.raises(DuplicateColumns, match="more than one column has the name 'city'"):
        conform(pd.concat([raw, raw[["city"]]], axis=1), monitored())
    extra = pd.DataFrame(np.zeros((len(raw), 2)), columns=["spare", "spare"])
    assert len(conform(pd.concat([raw, extra], axis=1), monitored())[0]) == len(raw)


def test_integer_column_names_are_no_match() -> None:
    """A column called 1 is not the column '1' of a config, and is not mistaken for it."""
    with pytest.raises(MissingColumns, match="no column 'ts', 'amount', 'speed', 'city', 'kind', 'y'"):
        conform(pd.DataFrame({0: [1], 1: [2]}), monitored())


def test_the_target_is_a_number_or_a_class_by_its_task() -> None:
    """The target of a regression is float64, that of a classification is text."""
    raw = stream(7, 10).assign(y=["1"] * 70)
    assert conform(raw, monitored())[0]["y"].tolist() == [1.0] * 70
    assert conform(raw, monitored(task="binary"))[0]["y"].tolist() == ["1"] * 70


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (series([2**53 + 1, 5], "int64"), "rounded"),
        (series([2**64 - 1, 5], "uint64"), "rounded"),
        (series([2**53 + 1, None], object), "rounded"),
        (series(["12345678901234567891", "5.5"], object), "rounded"),
        (series([1e15, 1e15 + 0.125]), "beyond_precision"),
        (series([1e308, -1.7e308]), "beyond_precision"),
        (series([1e13, 1e13 + 1.0]), None),
        (series([2**53, -(2**53)], "int64"), None),
        (series([1e18, 1e18]), None),
    ],
    ids=lambda _: None,
)
def test_numbers_beyond_the_digits_of_a_float_are_reported(values: pd.Series[Any], code: str | None) -> None:
    """Whole numbers that become others, and numbers that differ in nothing but their last digits."""
    _, findings = read(values, "x")
    assert [finding.code for finding in findings if finding.code != "type_changed"] == ([code] if code else [])
