"""Numbers as people write them are read by the proposed SQL as they are meant, and codes stay text."""

from __future__ import annotations

import sqlite3

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.figures import as_numbers, figures, no_labels

FILE, TABLE = Source(path="rows.csv"), Source(url="sqlite://rows.db", table="rows")

WRITTEN: dict[str, tuple[list[str], list[float]]] = {
    "dollars": (["$52,775.78", "$901.10", "-$5.20"], [52775.78, 901.1, -5.2]),
    "euros behind": (["1.148,55 €", "85,46 €"], [1148.55, 85.46]),
    "decimal comma": (["1.148,55", "85,46", "-12,5"], [1148.55, 85.46, -12.5]),
    "percent": (["42.3%", "7%"], [42.3, 7.0]),
    "percent with a space": (["10 %", "5 %", "0 %"], [10, 5, 0]),
    "a unit": (["5 kg", "12.5 kg"], [5, 12.5]),
    "a currency code": (["EUR 12", "EUR 1,013.50"], [12, 1013.5]),
    "Swiss thousands": (["1'234.50", "12.00"], [1234.5, 12]),
    "thousands with a space": (["1 234,5", "3,0"], [1234.5, 3]),
    "thousands with a narrow space": (["1\u202f234,5", "3,0"], [1234.5, 3]),
    "Indian thousands": (["12,34,567.50", "3.10"], [1234567.5, 3.1]),
    "brackets of an accountant": (["(1,234.00)", "12.00"], [-1234, 12]),
    "brackets around the currency": (["($1,234.00)", "$12.00"], [-1234, 12]),
    "brackets behind the currency": (["$(1,234.00)", "$12.00"], [-1234, 12]),
    "brackets of a German accountant": (["(1.234,50 €)", "12,00 €"], [-1234.5, 12]),
    "French euros": (["1\u202f234,56\u00a0€", "-3,00\u00a0€"], [1234.56, -3]),
    "a minus behind": (["1.234,50-", "12,00"], [-1234.5, 12]),
    "a minus behind the currency": (["12.50 €-", "1,003.00 €"], [-12.5, 1003]),
    "a minus before the unit": (["12.5- kg", "3.0 kg"], [-12.5, 3]),
    "a typographic minus behind": (["12.5\u2212", "3.0"], [-12.5, 3]),
    "a typographic minus": (["\u221212.5", "3.0"], [-12.5, 3]),
    "thousands of euros": (["4.500.000 €", "85 €"], [4500000, 85]),
    "a question mark for nothing": (["12.5", "?", "3.25", "7.5"], [12.5, np.nan, 3.25, 7.5]),
    "words for nothing": (["12", "N/A", "-", "3", "88", "unknown"], [12, np.nan, np.nan, 3, 88, np.nan]),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_duckdb_reads_what_is_meant(name: str) -> None:
    """The expression, and our own reading of the sample, give the same numbers."""
    texts, meant = WRITTEN[name]
    values = pd.Series(texts, name='the "fare"')
    how = figures(values)
    assert how is not None
    with duckdb.connect() as con:
        con.register("rows", values.to_frame())
        found = con.sql(f"SELECT {how.sql(str(values.name), FILE)} AS x FROM rows").fetchnumpy()["x"]
    np.testing.assert_allclose(np.ma.filled(found, np.nan).astype(float), meant)
    np.testing.assert_allclose(as_numbers(values, how), meant)


@pytest.mark.parametrize("name", WRITTEN)
def test_sqlite_leaves_text_that_reads_as_the_number(name: str) -> None:
    """SQLite's cast makes 0 of any word, so the text is left for our own reading; none becomes a wrong number."""
    texts, meant = WRITTEN[name]
    how = figures(pd.Series(texts))
    assert how is not None
    with sqlite3.connect(":memory:") as con:
        pd.DataFrame({"fare": [*texts, "a new word"]}).to_sql("rows", con, index=False)
        found = pd.read_sql(f"SELECT {how.sql('fare', TABLE)} AS x FROM rows", con)["x"]
    np.testing.assert_allclose(numbers(found, "fare")[0], [*meant, np.nan])


@pytest.mark.parametrize(
    "texts",
    [
        ["rome", "oslo"],
        ["01067", "12345"],
        ["1", "2", "3"],
        ["10e4", "1e5"],
        ["1.2.3.4", "10.0.0.1"],
        ["2026-01-05", "2026-01-06"],
        ["12:30", "13:45"],
        ["555 1234", "555 9876"],
        ["$1", "€2"],
        ["12k", "800"],
        ["1,5", "2.5"],
        ["12345678901234567890", "12345678901234567891"],
        ["1.10", "2.50", "3.00", "X1"],
        ["18-", "30-", "65-"],
        ["-5.5-", "-6.5-"],
    ],
    ids=lambda texts: texts[0],
)
def test_codes_and_what_differs_from_row_to_row_stay_text(texts: list[str]) -> None:
    """Codes, addresses, times, two currencies, two decimal marks: none of them is one kind of number."""
    assert figures(pd.Series(texts)) is None


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1, max_size=30), st.sampled_from(["$", ""]))
def test_any_number_written_in_english_is_read_back(values: list[float], money: str) -> None:
    """With thousands separators and two decimals, whatever the size."""
    texts = pd.Series([f"{money}{value:,.2f}" for value in values])
    how = figures(texts)
    assert how is not None
    np.testing.assert_allclose(as_numbers(texts, how), values, atol=0.005)


def test_the_first_rows_do_not_decide(tmp_path: object) -> None:
    """One thousands separator in ten thousand values settles how all are written."""
    how = figures(pd.Series([*["85,46"] * 10_000, "1.148,55"]))
    assert how is not None
    assert (how.decimal, how.strip) == (",", (".",))


def test_the_note_counts_the_values_that_are_read() -> None:
    """How many of how many values are numbers, and how many count as missing."""
    how = figures(pd.Series([*["$1,234.50"] * 90, *["$0.99"] * 7, *["?"] * 3, None]))
    assert how is not None
    assert how.note() == (
        "numbers written as '$1,234.50'; 97 of 100 values read so; '?' count as missing, 3 of 100 values"
    )


def test_words_for_a_missing_label_are_found() -> None:
    """NA and ? are no class; unknown may be one."""
    assert no_labels(pd.Series(["yes", "no", "NA", "?", "unknown", None])) == ("?", "NA")
    assert no_labels(pd.Series([1.0, 2.0])) == ()
