"""A table fits its screen: words wrap, a number is never cut, and a pipe gets the same content as plain text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn, wrapped

COLUMNS = (Column("policy"), Column("cost", number=True), Column("95% CI", number=True), Column("why"))
REASON = "the loss rose by 12.5% over 1,234,567 rows and nothing else that is known explains it, so a retrain pays"
ROWS = [
    Row(["performance_drop or max_age", "1234.5678", "-0.12 .. 12.34", REASON], "red", ["below the row: " + REASON]),
    Row(["never", "3.5", "", "steady"], "green"),
]
WIDTHS = [20, 40, 60, 100, 200]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_fits_and_loses_nothing(width: int) -> None:
    """Every word and every number is there in one piece, on lines no wider than the terminal."""
    lines = drawn(COLUMNS, ROWS, Screen(width))
    assert max(map(cell_len, lines)) <= width, lines
    found = " ".join(lines).split()
    for row in ROWS:
        for text in [*row.cells, *row.below]:
            assert set(text.split()) <= set(found)
    assert any(re.search(r"1234\.5678\b", line) for line in lines)
    assert any("-0.12 .. 12.34" in line for line in lines), "an interval stays on one line"


def test_a_pipe_has_one_line_a_row() -> None:
    """However long it is; sentences below it are wrapped for reading."""
    lines = drawn(COLUMNS, ROWS, PIPE)
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")] == ["policy", ROWS[0].cells[0], "never"]
    assert lines[1].endswith(REASON)
    assert lines[0].index("cost") + len("cost") == lines[1].index("1234.5678") + len("1234.5678")
    assert "\x1b" not in "".join(lines)


def test_a_narrow_screen_gets_a_block_a_row() -> None:
    """Where not even the longest words fit next to each other, each cell has a line with its title."""
    lines = drawn(COLUMNS, ROWS, Screen(40))
    assert lines[0] == ROWS[0].cells[0]
    assert "  cost    1234.5678" in lines
    assert "never" in lines


@given(
    st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=60)), min_size=1, max_size=4),
    st.sampled_from([None, 20, 60, 100, 200]),
    st.booleans(),
)
def test_no_cell_steers_the_terminal_or_is_read_as_markup(
    rows: list[tuple[str, str, str]], width: int | None, colour: bool
) -> None:
    """Whatever the data holds: no control character but our own colors, and no line that is too wide."""
    columns = (Column("a"), Column("b", number=True), Column("c"))
    lines = drawn(columns, [Row(row, "red", [row[2]]) for row in rows], Screen(width, colour))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    assert all(sign.isprintable() or sign == "\n" for sign in plain)


def test_markup_and_emoji_names_of_the_data_are_text() -> None:
    """What rich would read as a style or a picture is shown as it is."""
    text = "[red]x[/red] :smile: [link=http://a]b[/link]"
    for on in (PIPE, Screen(200, colour=True), Screen(30)):
        joined = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(drawn((Column("a"),), [Row([text], "red", [text])], on)))
        assert " ".join(joined.split()).count(text) == 2


def test_colors_are_there_only_where_the_screen_has_them() -> None:
    """The styled cell and the titles alone."""
    assert "\x1b[31m" in "".join(drawn(COLUMNS, ROWS, Screen(200, colour=True)))
    assert "\x1b" not in "".join(drawn(COLUMNS, ROWS, Screen(200)))


def test_running_text_keeps_its_paths() -> None:
    """It wraps to the screen, and to 110 signs where that is wider or a pipe; a long word stays whole."""
    path = "/a/very/long/path/that/somebody/wants/to/copy/from/the/terminal.html"
    assert path in wrapped(f"report: {path} {REASON}", Screen(60))
    for on, most in ((Screen(60), 60), (Screen(200), 110), (PIPE, 110)):
        assert max(map(len, wrapped(REASON * 3, on))) <= most
