"""A CSV file is read as it is written, or reported to be broken with the cause."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from driftloop.monitoring.errors import MissingColumns, SourceUnreadable
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, sample, span
from tests.tables import HEADER, LINES, WEEK, columns, csv, parquet


def test_gzip_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """The separator is taken from the header; gzip and a UTF-8 mark are no obstacle."""
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((HEADER + LINES).encode()))
    assert count_rows(Source(path="rows.csv.gz"), columns(), WEEK, tmp_path) == 2
    source = csv(tmp_path, b"\xef\xbb\xbf" + (HEADER + LINES).replace(",", ";").encode())
    assert count_rows(source, columns(), WEEK, tmp_path) == 2


@pytest.mark.parametrize(("name", "packed"), [("rows.csv", True), ("rows.csv.gz", False)])
def test_a_wrong_ending_hides_no_gzip(tmp_path: Path, name: str, packed: bool) -> None:
    """Whether a file is packed is known by its bytes, not by its name."""
    text = (HEADER + LINES).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if packed else text)
    assert count_rows(Source(path=name), columns(), WEEK, tmp_path) == 2


def test_an_empty_field_is_null_and_other_words_are_left_unchanged(tmp_path: Path) -> None:
    """Empty is null, quoted or not; NA is text, and leaves the numbers next to it alone."""
    text = (
        HEADER + "2026-01-02 00:00:00,1.5,007,1\n" * 30_000 + '2026-01-03 00:00:00,NA,,1\n2026-01-04 00:00:00,,"",1\n'
    )
    frame = read_rows(csv(tmp_path, text), columns(), WEEK, tmp_path).frame
    assert frame["fare"].iloc[[0, 30_000]].tolist() == [1.5, "NA"]
    assert frame["fare"].isna().sum() == 1
    assert frame["kind"].isna().sum() == 2
    assert frame["kind"].iloc[0] == "007"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEADER + LINES + "2026-01-03 12:00:00,2.5\n" + LINES, "line 5 has 2 fields, the header has 4"),
        (HEADER + LINES + "2026-01-03 12:00:00,2.5,a,1,9\n", "line 5 has 5 fields"),
        (HEADER + LINES * 20_000 + "2026-01-03 12:00:00,2.5,a,1,9\n" + LINES, "line 60002 has 5 fields"),
        (HEADER + LINES + "2026-01-03 12:00:0", "line 5 has 1 fields"),
        (HEADER + LINES + "<html><body>502 Bad Gateway</body></html>\n", "line 5 has 1 fields"),
        ("<!DOCTYPE html>\n<html><body>a,b,c</body></html>\n", "HTML"),
        ((HEADER + LINES).encode() + "2026-01-03 12:00:00,1,é,1\n".encode("latin-1"), "not UTF-8: .*0xe9"),
        ((HEADER + LINES).encode("utf-16"), "UTF-16"),
        ((HEADER + LINES).encode() + b"2026-01-03 12:00:00,1,a\0,1\n", "NUL"),
        (HEADER.replace("kind", "fare") + LINES, "names 'fare' more than once"),
        (HEADER + LINES + "2026-01-03 12:00:00,1,a,1\r\n", "CR LF"),
        (b"SQLite format 3\0" + bytes(80), "a SQLite database, not CSV"),
        (bytes(8) + b"DUCK" + bytes(80), "a DuckDB database, not CSV"),
        (b"PK\x03\x04" + bytes(80), "an Excel sheet, not CSV"),
        (b"PAR1" + bytes(80) + b"PAR1", "a parquet file, not CSV"),
        ('{"ts": "2026-01-02", "fare": 1}\n', "it is JSON, not CSV"),
        ('[\n  {"ts": "2026-01-02", "fare": 1}\n]\n', "it is JSON, not CSV"),
        ("", "0 bytes"),
        ("\n\n", "no header"),
    ],
)
def test_a_broken_csv_is_reported_by_name_and_cause(tmp_path: Path, text: str | bytes, why: str) -> None:
    """A CSV that is not one is never read as data; the error names the file among the others, and the line."""
    csv(tmp_path, HEADER + LINES, "a.csv")
    csv(tmp_path, text, "b.csv")
    csv(tmp_path, HEADER + LINES, "c.csv")
    for call in (read_rows, count_rows):
        with pytest.raises(SourceUnreadable, match=rf"b\.csv: cannot be read: .*{why}"):
            call(Source(path="*.csv"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize(
    ("rows", "fares"),
    [
        (["1,5;a", "-0,25;b", "2;c"], [1.5, -0.25, 2.0]),
        (["1.234,5;a", "-0,25;b", "1.000.000,0;c"], [1234.5, -0.25, 1e6]),
        (["1.234;a", "0,5;b"], [1234.0, 0.5]),
        (["1,234;a", "12,345;b"], ["1,234", "12,345"]),
        (['"1,5",a', '"0,25",b'], [1.5, 0.25]),
        (["1.5;a", "1,5;b"], [1.5, "1,5"]),
        (['"1,234",a', '"12,345",b'], ["1,234", "12,345"]),
        (["1.5;a", "1.234;1,2"], [1.5, 1.234]),
    ],
    ids=["comma", "groups", "a bare group", "three decimals", "in quotes", "both", "thousands", "a list"],
)
def test_numbers_with_a_decimal_comma_are_numbers(tmp_path: Path, rows: list[str], fares: list[object]) -> None:
    """As Excel writes them in half of the world. Where a point or a thousand may be meant, nothing is guessed."""
    mark = ";" if ";" in rows[0] else ","
    lines = [f"2026-01-0{at + 2} 00:00:00{mark}{row}{mark}1" for at, row in enumerate(rows)]
    text = "\n".join([HEADER.strip().replace(",", mark), *lines]) + "\n"
    csv(tmp_path, HEADER.replace(",", mark), "empty.csv")
    csv(tmp_path, text, "rows.csv")
    source = Source(path="*.csv")
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].tolist() == fares
    assert sample(source, tmp_path)["fare"].tolist() == ([*map(str, fares)] if fares == [1.5, "1,5"] else fares)


def test_a_column_that_only_some_files_have_is_null_in_the_others(tmp_path: Path) -> None:
    """In a sample too, which looks at one file after the other; and a broken line is found in the file that has it."""
    csv(tmp_path, HEADER + LINES, "a.csv")
    csv(tmp_path, HEADER.strip() + ",note\n2026-01-02 00:00:00,1,a,1,x\n", "b.csv")
    source = Source(path="*.csv")
    assert sample(source, tmp_path)["note"].dropna().tolist() == ["x"]
    assert count_rows(source, columns(), WEEK, tmp_path) == 3
    csv(tmp_path, HEADER + LINES + "2026-01-03,1\n", "c.csv")
    with pytest.raises(SourceUnreadable, match=r"c\.csv: cannot be read: line 5 has 2 fields"):
        count_rows(source, columns(), WEEK, tmp_path)


def test_a_truncated_gzip_is_unreadable(tmp_path: Path) -> None:
    """A gzip file that ends early is not read as far as it goes."""
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((HEADER + LINES).encode())[:-12])
    with pytest.raises(SourceUnreadable, match=r"rows\.csv\.gz"):
        count_rows(Source(path="rows.csv.gz"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("ending", ["\n", ""])
def test_a_file_without_rows_gives_none(tmp_path: Path, ending: str) -> None:
    """A header alone, or a parquet without rows, is no error: zero rows, whatever the expressions would say to it."""
    config = columns(derived={"gap": "date_diff('hour', ts, ts)", "z": "fare / 2"}, numeric=("gap", "z"))
    nothing = parquet(tmp_path, **{name: pa.array([], pa.null()) for name in ("ts", "fare", "kind", "y")})
    for source in (csv(tmp_path, HEADER.strip() + ending), nothing):
        frame = read_rows(source, config, WEEK, tmp_path).frame
        assert list(frame.columns) == ["ts", "gap", "z", "kind", "y"]
        assert len(frame) == 0
        assert str(frame["ts"].dtype) == "datetime64[us, UTC]"
        assert count_rows(source, config, WEEK, tmp_path) == 0
        assert span(source, config, tmp_path) is None
        with pytest.raises(MissingColumns):
            read_rows(source, columns(target="label"), WEEK, tmp_path)


def test_a_day_without_rows_does_not_turn_numbers_into_text(tmp_path: Path) -> None:
    """Among other files a CSV of a header alone does not matter."""
    csv(tmp_path, HEADER + LINES, "a.csv")
    csv(tmp_path, HEADER, "b.csv")
    assert read_rows(Source(path="*.csv"), columns(), WEEK, tmp_path).frame["fare"].dtype == "float64"


def test_nan_in_a_csv_is_missing_in_every_expression(tmp_path: Path) -> None:
    """As in parquet: it is greater than no number, and null in a filter."""
    source = csv(tmp_path, HEADER + "".join(f"2026-01-02 00:00:00,{fare},a,1\n" for fare in ("nan", "NaN", "", "50")))
    assert count_rows(source, columns(filter="fare > 40"), WEEK, tmp_path) == 1
    assert count_rows(source, columns(filter="fare IS NULL"), WEEK, tmp_path) == 3
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].isna().sum() == 1 + 2
