"""Every dtype that a source may deliver: none is left unchecked, none breaks a check, none is drift by itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.records import Check, ColumnScore, Outcome
from tests.laws import lawful_check
from tests.streams import day, stream

Make = Callable[..., Any]
Cast = Callable[["pd.Series[Any]"], Any]


def arrow(kind: pa.DataType) -> Cast:
    return lambda values: pd.Series(
        pa.array(values, from_pandas=True).cast(kind, safe=False), dtype=pd.ArrowDtype(kind)
    )


def holes(kind: Any) -> Cast:
    """The type with a missing value in every fiftieth row."""
    return lambda values: values.astype(kind).mask(np.arange(len(values)) % 50 == 0)


# The same whole numbers in another dress.
NUMBERS: dict[str, Cast] = {
    "float16": lambda v: v.astype("float16"),
    "float32": lambda v: v.astype("float32"),
    "uint8": lambda v: v.astype("uint8"),
    "int8": lambda v: v.astype("int8"),
    "uint64": lambda v: v.astype("uint64"),
    "Int64 with NA": holes("Int64"),
    "Int64 without NA": lambda v: v.astype("Int64"),
    "UInt8 with NA": holes("UInt8"),
    "Float64 with NA": holes("Float64"),
    "Float32 without NA": lambda v: v.astype("Float32"),
    "double of pyarrow": lambda v: v.astype("double[pyarrow]"),
    "decimal of pyarrow": arrow(pa.decimal128(12, 4)),
    "wide decimal of pyarrow": arrow(pa.decimal256(50, 4)),
    "Decimal objects": lambda v: v.map(lambda x: Decimal(str(x))),
    "dictionary of numbers": lambda v: v.astype("category"),
    "text": lambda v: v.astype(str),
    "large text of pyarrow": lambda v: arrow(pa.large_string())(v.astype(str)),
    "bytes as text": lambda v: v.astype(str).str.encode("ascii"),
    "text with blanks and words for null": lambda v: (" " + v.astype(str) + " ").mask(v.index % 50 == 0, "n/a"),
}
# A fiftieth of these is missing, where the champion has seen no hole: that is drift, of the missing share.
HOLED = {name for name in NUMBERS if "with NA" in name or "null" in name}
# Parquet keeps these as what the champion knows.
PLAIN = {"Float64 with NA", "double of pyarrow", "wide decimal of pyarrow", "dictionary of numbers"}
# Parquet has no spans of time: they come as counts of their unit, which is another scale, and must be found.
SPANS: dict[str, Cast] = {
    "timedelta": lambda v: pd.to_timedelta(v, unit="s").astype("timedelta64[us]"),
    "duration of pyarrow": lambda v: arrow(pa.duration("ms"))((v * 1000).astype("int64")),
}
# What is not a number is refused as one, whole.
NO_NUMBERS: dict[str, Cast] = {
    "timestamps": lambda v: day(0) + pd.to_timedelta(v, unit="h"),
    "naive timestamps": lambda v: pd.Timestamp("2026-01-01") + pd.to_timedelta(v, unit="h"),
    "dates": lambda v: (pd.Timestamp("2026-01-01") + pd.to_timedelta(v.round(), unit="D")).dt.date,
    "times of day": lambda v: arrow(pa.time64("us"))((v * 1e9).astype("int64")),
    "words": lambda v: v.round().astype(int).astype(str) + " km",
    "decimal commas": lambda v: v.round(2).astype(str).str.replace(".", ",") + ",0",
    "lists": lambda v: v.map(lambda x: [x, x]),
    "structs": lambda v: v.map(lambda x: {"a": x}),
}
# Categories of every type; a champion trained on them, and the like of them fresh.
CATEGORIES: dict[str, Cast] = {
    "category": lambda c: pd.Series(c).astype("category"),
    "uint8": lambda c: pd.Series(c.codes).astype("uint8"),
    "Int64 with NA": lambda c: holes("Int64")(pd.Series(c.codes)),
    "float with NaN": lambda c: holes("float64")(pd.Series(c.codes)),
    "bool": lambda c: pd.Series(c.codes == 1),
    "boolean with NA": lambda c: holes("boolean")(pd.Series(c.codes == 1)),
    "bool objects with None": lambda c: pd.Series(c.codes == 1, dtype=object).mask(np.arange(len(c)) % 50 == 0, None),
    "decimal of pyarrow": lambda c: arrow(pa.decimal128(5, 1))(pd.Series(c.codes)),
    "dictionary of pyarrow": lambda c: pd.Series(
        pa.array(list(c)).dictionary_encode(), dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
    "string view of pyarrow": lambda c: arrow(pa.string_view())(pd.Series(list(c))),
    "bytes": lambda c: pd.Series(list(c)).str.encode("utf-8"),
    "dates": lambda c: pd.Series([day(int(code)).date() for code in c.codes]),
    "timestamps": lambda c: pd.Series([day(int(code)) for code in c.codes]),
    "timedelta": lambda c: pd.to_timedelta(pd.Series(c.codes), unit="h"),
    "lists": lambda c: pd.Series([[int(code)] for code in c.codes]),
}
# A category that was written as the first type in training and as the second one later.
RETYPED: dict[str, tuple[Cast, Cast]] = {
    "int, then float": (lambda v: v.astype("int64"), lambda v: v.astype("float64")),
    "int, then text": (lambda v: v.astype("int64"), lambda v: v.astype(str)),
    "text, then Int64": (lambda v: v.astype(str), lambda v: v.astype("Int64")),
    "float, then decimal": (lambda v: v.astype("float64"), arrow(pa.decimal128(6, 2))),
    "bool, then text": (lambda v: v.gt(1), lambda v: v.gt(1).map({True: "True", False: "False"})),
}


JUDGED = {**NUMBERS, **SPANS}


def rows(case: str) -> pd.DataFrame:
    return stream(28, seed=crc32(case.encode())).reset_index(drop=True)


def fresh(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["ts"] >= day(21)].reset_index(drop=True)


def cast(frame: pd.DataFrame, values: Any, casts: dict[str, Cast]) -> pd.DataFrame:
    """The frame with a column for every cast, all of them of the same values."""
    return frame.assign(**{name: make(values) for name, make in casts.items()})


def codes(check: Check, column: str) -> set[str]:
    return {finding.code for finding in check.findings if finding.column == column}


def scored(check: Check, column: str) -> bool:
    """Whether the column drifted; it has one score, and that is a number."""
    return the_score(check, column).drifted


def the_score(check: Check, column: str) -> ColumnScore:
    (score,) = (score for score in check.columns if score.name == column)
    return score


@pytest.fixture(scope="session")
def numbers(champions: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Check, Check]:
    """Fresh numbers of every type, against a champion of float64; and fresh columns that are no numbers."""
    frame = rows("numbers")
    checks = []
    for key, casts in (("numbers", JUDGED), ("no numbers", NO_NUMBERS)):
        plain = cast(frame, frame["amount"].round(), dict.fromkeys(casts, lambda v: v))
        trained = champions(plain, key, columns__numeric=["speed", *casts])
        recent = fresh(frame)
        made = twin(trained, tmp_path_factory).given(cast(recent, recent["amount"].round(), casts))
        checks.append(lawful_check(made, day(28)))
    check, refused = checks
    assert isinstance(check, Check)
    assert isinstance(refused, Check)
    return check, refused


@pytest.fixture(scope="session")
def categories(champions: Make, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Fresh categories of every type, against a champion of the same types."""
    frame = rows("categories")

    def wide(frame: pd.DataFrame, which: int) -> pd.DataFrame:
        levels = pd.Categorical(frame["city"])
        codes = pd.Series(levels.codes, index=frame.index)
        made = cast(frame, levels, CATEGORIES)
        return cast(made, codes, {name: casts[which] for name, casts in RETYPED.items()})

    trained = champions(wide(frame, 0), "categories", columns__categorical=["kind", *CATEGORIES, *RETYPED])
    check = lawful_check(twin(trained, tmp_path_factory).given(wide(fresh(frame), 1)), day(28))
    assert isinstance(check, Check)
    return check


def twin(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = type(trained)(tmp_path_factory.mktemp("twin"))
    made.name, made.changes = trained.name, trained.changes
    return made


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_of_another_type(case: str, numbers: tuple[Check, Check]) -> None:
    """Fresh numbers of another type are the same numbers: no drift but of the holes; the change of type is reported."""
    check, _ = numbers
    assert check.outcome is Outcome.STEADY, check.reason
    assert scored(check, case) == (case in HOLED)
    assert case not in HOLED or the_score(check, case).method == "missing_share"
    assert codes(check, case) == (
        {"type_changed", "source_type_changed"}
        if "text" in case
        else set()
        if case in PLAIN
        else {"source_type_changed"}
    )


@pytest.mark.parametrize("case", SPANS)
def test_spans_of_time_as_counts(case: str, numbers: tuple[Check, Check]) -> None:
    """Spans of time in parquet are numbers of another scale: scored, drifted, and reported as out of range."""
    check, _ = numbers
    assert scored(check, case)
    assert {"out_of_range", "source_type_changed"} <= codes(check, case)


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_not_a_number(case: str, numbers: tuple[Check, Check]) -> None:
    """A number that comes as something else is a lost feature: it is named, and nothing is judged or trained on it."""
    _, refused = numbers
    assert refused.outcome is Outcome.BAD_DATA
    assert {"type_changed", "nulls"} <= codes(refused, case)
    assert f"of {case} are null" in refused.reason


@pytest.mark.parametrize("case", CATEGORIES)
def test_categories_of_any_type(case: str, categories: Check) -> None:
    """Categories of any type are scored against their like, without drift and with every level known."""
    assert categories.outcome is Outcome.STEADY, categories.reason
    assert not scored(categories, case)
    assert codes(categories, case) == set()


@pytest.mark.parametrize("case", RETYPED)
def test_categories_that_change_their_type(case: str, categories: Check) -> None:
    """1, 1.0 and "1" are one level: a change of type is reported, and is neither drift nor an unseen category."""
    assert not scored(categories, case)
    assert codes(categories, case) == {"source_type_changed"}


@pytest.mark.parametrize("case", ["Decimal objects", "text"])
def test_training_on_numbers_of_another_type(case: str, alone: Make) -> None:
    """A champion is trained on numbers of any type, and finds the like of them steady."""
    frame = rows(case)
    made = alone(frame.assign(amount=NUMBERS[case](frame["amount"].round())))
    assert lawful_check(made, day(21)).outcome is Outcome.BOOTSTRAPPED
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share) == (Outcome.STEADY, 0), check.reason


@pytest.mark.parametrize("case", ["timestamps", "words"])
def test_no_training_on_what_is_not_a_number(case: str, alone: Make) -> None:
    """There is no champion of a number that never was one."""
    frame = rows(case)
    check = lawful_check(alone(frame.assign(amount=NO_NUMBERS[case](frame["amount"]))), day(21))
    assert check.outcome is Outcome.BAD_DATA
    assert "'amount'" in check.reason


def test_mixed_types_of_a_column(sibling: Make) -> None:
    """A CSV column that is half number and half text is read where it can be, and states what it lost."""
    frame = fresh(rows("mixed"))
    made = sibling(source__path="rows.csv")
    mixed = frame["amount"].astype(object).where(np.arange(len(frame)) % 10 > 0, "unknown")
    frame.assign(amount=mixed).to_csv(made.folder / "rows.csv", index=False)
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.STEADY
    assert {"type_changed", "nulls"} <= codes(check, "amount")
    assert any("'unknown'" in finding.message for finding in check.findings)


def test_swapped_types(sibling: Make) -> None:
    """A number in a category's place and a category in a number's are reported, each by its name."""
    frame = fresh(rows("swapped"))
    check = lawful_check(sibling(frame.assign(amount=frame["city"], city=frame["amount"])), day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA
    assert "type_changed" in codes(check, "amount")
    assert "source_type_changed" in codes(check, "city")
