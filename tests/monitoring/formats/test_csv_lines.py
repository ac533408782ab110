"""Laws of the lines of a CSV: a record of another width than the header is found, wherever a chunk ends."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from driftloop.monitoring.formats.csv_lines import LONGEST, Lines, slow

ROWS = b"a,b,c\n" + b"1,2,3\n" * 50


def counted(data: bytes, width: int = 3, chunk: int = 1 << 20, quote: str = '"') -> Lines:
    lines = Lines(width, ",", quote)
    for start in range(0, len(data), chunk):
        lines.add(data[start : start + chunk])
    lines.end()
    return lines


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (ROWS + b"1,,2,\n1,2,3\n", "line 52 has 4 fields, the header has 3"),
        (ROWS + b'1,,2,""\n', "line 52 has 4 fields, the header has 3"),
        (ROWS + b"1,2\n", "line 52 has 2 fields, the header has 3"),
        (ROWS + b"1,2,3,4", "line 52 has 4 fields, the header has 3"),
        (ROWS.replace(b"\n", b"\r\n") + b"1,,2,\r\n", "line 52 has 4 fields, the header has 3"),
        (ROWS.replace(b"\n", b"\r") + b"1,,2,\r", "line 52 has 4 fields, the header has 3"),
        (ROWS + b'1,"2\n2",3\n\n1,2\n', "line 55 has 2 fields, the header has 3"),
        (ROWS + ROWS, "line 52 repeats the header"),
        (ROWS + b"1,2\r3,4\n", "line 52 has a carriage return (CR) inside a line"),
        (b"a,b,c\n1,2,3,\n", "line 2 has 4 fields, the header has 3"),
    ],
)
def test_a_line_of_another_width_is_found_with_its_number(data: bytes, flaw: str, chunk: int) -> None:
    """Too many fields, also where the last one is empty; too few; a header among the rows; a lone CR."""
    assert counted(data, chunk=chunk).flaw == flaw


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        ROWS.rstrip(),
        b"\n\n" + ROWS + b"\n\n1,2,3\n",
        ROWS.replace(b"\n", b"\r\n"),
        ROWS.replace(b"\n", b"\r"),
        ROWS.replace(b"\n", b"\r") + b'1,"2\n3",4\r',
        ROWS + b'1,"2,""x"",2","a\r\nb"\n,,\n',
        b"a,b,c\n" + b"1,2,3,\n" * 20,
        b"a,b,c\n",
        b"",
    ],
)
def test_lines_as_they_should_be_pass(data: bytes, chunk: int) -> None:
    """Quoted separators and line ends, empty lines, each kind of line end, and a separator at the end of all lines."""
    lines = counted(data, chunk=chunk)
    assert (lines.flaw, lines.odd) == (None, False)


def test_quotes_in_the_middle_of_a_field_are_left_to_a_slower_look() -> None:
    """Quotes that are not as RFC 4180 has them are no reason to refuse a file; its lines are counted all the same."""
    inches = b'a,b,c\n1,5" pipe,3\n'
    assert counted(inches).odd
    assert slow(io.BytesIO(inches), ",", '"', 3) is None
    assert slow(io.BytesIO(inches + b"1,2\n"), ",", '"', 3) == "line 3 has 2 fields, the header has 3"
    for odd in (b'1,the \\"hague\\",2\n', b'1,the ""hague""",2\n', b'1,rome",2\n'):
        assert "line 3 has a quote that is not valid" in str(slow(io.BytesIO(b'a,b,c\n1,"2",3\n' + odd), ",", '"', 3))


def test_a_quote_that_is_never_closed_ends_the_look_early() -> None:
    """Nothing is gone through again and again: after some megabytes the line is refused."""
    lines = counted(b'a,b,c\n1,2,3\n1,"2,3\n' + b"1,2,3\n" * 2_000_000)
    assert lines.flaw == f"line 3: longer than {LONGEST >> 20} MB, or with an unclosed quote"


def test_the_count_agrees_with_a_csv_reader() -> None:
    """On random files the first record of another width is the one that Python's reader finds."""
    rng = np.random.default_rng(0)
    fields = ["1", "", "a b", '"x,y"', '"l\nm"', '"q""q"']
    for _ in range(300):
        widths = rng.choice([2, 3, 4], size=12, p=[0.03, 0.94, 0.03])
        body = "\n".join(",".join([*rng.choice(fields, size=width - 1), "z"]) for width in widths)
        text = f"a,b,c\n{body}\n"
        wrong = next((record for record in csv.reader(io.StringIO(text)) if record and len(record) != 3), None)
        flaw = counted(text.encode(), chunk=int(rng.integers(1, 40))).flaw
        assert (flaw is None) == (wrong is None)
        assert wrong is None or f"has {len(wrong)} fields" in str(flaw)
