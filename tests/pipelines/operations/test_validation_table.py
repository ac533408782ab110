"""A validation as text: a line per part, a table of the windows, and the next command only where it would work."""

from __future__ import annotations

from pathlib import Path

from driftloop.monitoring.records import Window
from driftloop.pipelines.operations.row_counts import RowCount
from driftloop.pipelines.operations.validation import Validated, Validation
from driftloop.pipelines.operations.validation_table import render
from driftloop.pipelines.runtime.tables import Screen
from tests.streams import day

FILE = Path("model.yaml")


def result(state: str = "ok") -> Validation:
    part = Validated.model_validate({"key": "columns.numeric", "state": state, "message": "one line\nanother"})
    window = RowCount(name="current", window=Window(start=day(0), end=day(7)), rows=1234, labels=1000)
    wrong = state == "wrong"
    return Validation(
        model="shop",
        outcome="invalid" if wrong else "valid",
        reason="columns.numeric",
        now=day(7),
        parts=(part,),
        windows=(window,),
        exit_code=2 if wrong else 0,
        past=True,
    )


def test_every_part_and_window_is_shown() -> None:
    """Continued lines are indented below the first, counts have thousands separators."""
    lines = render(result(), FILE).split("\n")
    assert lines[1:3] == ["  ok     columns.numeric: one line", "         another"]
    assert any("1,234" in line and "1,000" in line for line in lines)


def test_the_next_command_is_shown_only_if_the_config_is_valid() -> None:
    """A config that does not fit is to be corrected first."""
    assert render(result(), FILE).endswith(f"next: driftloop check model.yaml --now {day(7):%Y-%m-%dT%H:%M}")
    assert "next:" not in render(result("wrong"), FILE)


def test_the_table_of_windows_fits_the_terminal() -> None:
    """On a narrow screen no line of it is wider."""
    shown = render(result(), FILE, Screen(60)).split("\n\n")[1]
    assert max(map(len, shown.split("\n"))) <= 60
