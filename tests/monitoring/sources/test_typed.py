"""Laws of reading text: a type reads its own notation; what it cannot read is null, never another value."""

from __future__ import annotations

import duckdb
import pytest

from driftloop.monitoring.formats.base import literal
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.sources.typed import clues, guess, notation, read_as, unread


def read(text: str, kind: str) -> object:
    return duckdb.sql(f"SELECT {read_as('x', kind)} FROM (SELECT {literal(text)} AS x)").fetchall()[0][0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "1.5", 1.5),
        ("number", " -1e3 ", -1000.0),
        ("number", "1,5", None),
        ("number", "1_000", None),
        ("decimal_comma", "1.234,5", 1234.5),
        ("decimal_comma", "1.234", 1234.0),
        ("decimal_comma", "-0,25", -0.25),
        ("decimal_comma", "1.5", None),
        ("decimal_comma", "1.23.4", None),
        ("thousands_comma", "1,234.5", 1234.5),
        ("thousands_comma", "1234", 1234.0),
        ("thousands_comma", "1,5", None),
        ("unclear", "1,234", None),
        ("unclear", "1.234", None),
        ("unclear", "950", 950.0),
        ("integer", "007", 7),
        ("integer", "1.5", None),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", "2", None),
        ("date", "1.2.2026", None),
        ("text", "1.10", "1.10"),
    ],
)
def test_a_type_reads_its_own_notation_alone(kind: str, text: str, value: object) -> None:
    """Exact values; text in another notation is null, and is handed on as it is."""
    assert read(text, kind) == value
    left = duckdb.sql(f"SELECT {unread('x', kind)} FROM (SELECT {literal(text)} AS x)").fetchall()[0][0]
    assert left == (text if value is None else None)


@pytest.mark.parametrize("text", ["1", "1.5", " 2 ", "1e5", "1E-7", "+3", ".5", "5.", "nan", "inf", "-inf", "1e999"])
def test_numbers_are_read_as_in_frames(text: str) -> None:
    """The engine and `conform.numbers` agree on every number, to the last bit."""
    import pandas as pd

    value = read(text, "number")
    assert isinstance(value, float)
    frame = numbers(pd.Series([value]), "x")[0], numbers(pd.Series([text]), "x")[0]
    assert frame[0].equals(frame[1])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["true", "False"], "boolean"),
        (["1", "0"], "integer"),
        (["1", "2.5", "NA", ""], "number"),
        (["NA", "none"], "text"),
        (["007", "12"], "text"),
        (["12345678901234567890"], "text"),
        (["2026-01-01", "2026-01-02"], "date"),
        (["2026-01-01", "2026-01-02 10:00"], "timestamp"),
        (["2026-01-01 10:00", "2026-01-02T10:00:00+01:00"], "moment"),
        (["10:30:00"], "clock"),
        (["01/02/2026"], "text"),
        ([], "text"),
    ],
)
def test_a_type_is_guessed_only_where_all_values_have_it(values: list[str], kind: str) -> None:
    """Whatever does not fit all values is text; codes with leading zeros and numbers of twenty digits are names."""
    rows = ", ".join(f"(nullif({literal(value)}, ''))" for value in values) or "(NULL)"
    counts = duckdb.sql(f"SELECT {', '.join(clues('x', 'number'))} FROM (VALUES {rows}) AS t(x)").fetchall()[0]
    assert guess(list(counts), "number") == kind


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        ({"x": "c"}, "decimal_comma"),
        ({"x": "c", "y": "p"}, None),
        ({"x": "a"}, "unclear"),
        ({"x": "a", "y": "c"}, "decimal_comma"),
        ({"x": "b"}, "number"),
        ({"x": "bi"}, "unclear"),
        ({"x": "bi", "y": "p"}, "number"),
        ({"x": "u"}, "thousands_comma"),
        ({"x": "pi"}, "number"),
        ({}, "number"),
    ],
)
def test_marks_in_numbers_are_detected_from_the_first_rows_if_clear(evidence: dict[str, str], kind: str | None) -> None:
    """Where a thousand may be meant nothing is guessed, nor where columns contradict each other."""
    assert notation({name: frozenset(marks) for name, marks in evidence.items()}) == kind
