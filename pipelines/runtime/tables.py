"""Tables for a terminal of any width, and as plain text for a pipe. No text of a cell can steer the terminal.

A table that is too wide wraps the words of its cells; a number is never cut. Where even that is too wide, each row
becomes a block with one line per column.
"""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.pipelines.runtime.terminal import printable, shows_colours

if TYPE_CHECKING:
    from rich.console import Console

PROSE = 110
ENDLESS = 100_000


@dataclass(frozen=True)
class Screen:
    """Target of text: its width (None for a pipe or a file) and whether it supports colors."""

    width: int | None = None
    colour: bool = False

    @property
    def prose(self) -> int:
        """The width of running text: long lines are hard to read."""
        return PROSE if self.width is None else max(min(self.width, PROSE), 20)


PIPE = Screen()


@dataclass(frozen=True)
class Column:
    """A column. Numbers are aligned to the right and never wrapped; `usual` is the width of short cells."""

    title: str = ""
    number: bool = False
    usual: int = 0


@dataclass(frozen=True)
class Row:
    """The cells of a row, the style of one of them, and sentences below the row."""

    cells: Sequence[str]
    style: str = ""
    below: Sequence[str] = ()


def screen() -> Screen:
    """Return what stdout is connected to. `NO_COLOR`, `TERM` and `COLUMNS` are respected."""
    if not sys.stdout.isatty():
        return PIPE
    return Screen(shutil.get_terminal_size().columns, shows_colours())


def drawn(
    columns: Sequence[Column], rows: Sequence[Row], on: Screen, *, styled: int = 0, gap: int = 2, indent: int = 0
) -> list[str]:
    """Draw the lines of a table. `styled` is the column that has the style of its row."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    head = [Row([column.title for column in columns], "bold")] if any(column.title for column in columns) else []
    widths = _widths(columns, [*head, *rows], on, gap, indent)
    if widths is None:
        return _blocks(columns, rows, on, styled, indent)
    console = _console(on)
    for row in [*head, *rows]:
        line = Table.grid(padding=(0, gap, 0, 0))
        for column, width in zip(columns, widths, strict=True):
            line.add_column(width=width, justify="right" if column.number else "left", overflow="fold")
        everywhere = row in head
        line.add_row(
            *(
                Text(printable(cell), style=row.style if everywhere or at == styled else "")
                for at, cell in enumerate(row.cells)
            )
        )
        console.print(Padding(line, (0, 0, 0, indent), expand=False))
        _below(console, row, on, indent)
    return _lines(console)


def wrapped(text: str, on: Screen, *, indent: str = "", later: str | None = None) -> list[str]:
    """Wrap running text, line by line; a word that is too long, such as a path, stays whole."""
    after = indent if later is None else later
    lines = [
        textwrap.wrap(
            line,
            on.prose,
            initial_indent=indent,
            subsequent_indent=after,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    ]
    return [printable(line) for part in lines for line in part or [""]]


def _below(console: Console, row: Row, on: Screen, indent: int) -> None:
    for sentence in row.below:
        console.print("\n".join(wrapped(sentence, on, indent=" " * (indent + 2))), soft_wrap=True)


def _widths(columns: Sequence[Column], rows: Sequence[Row], on: Screen, gap: int, indent: int) -> list[int] | None:
    """Return the width of each column; None if the screen is too narrow for the longest words and numbers."""
    from rich.cells import cell_len

    cells = [[printable(row.cells[at]) for row in rows] for at in range(len(columns))]
    natural = [max(map(cell_len, column), default=0) for column in cells]
    widths = [max(width, column.usual) for width, column in zip(natural, columns, strict=True)]
    if on.width is None:
        return widths
    titles = 1 if any(column.title for column in columns) else 0
    least = [
        max([*(cell_len(word) for text in texts[:titles] for word in text.split()), *map(cell_len, texts[titles:]), 1])
        if column.number
        else max([cell_len(word) for text in texts for word in text.split()], default=1)
        for column, texts in zip(columns, cells, strict=True)
    ]
    room = on.width - indent - gap * len(columns)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        at = max((at for at in range(len(widths)) if widths[at] > least[at]), key=lambda at: widths[at])
        widths[at] -= 1
    return widths


def _blocks(columns: Sequence[Column], rows: Sequence[Row], on: Screen, styled: int, indent: int) -> list[str]:
    """Return each row as a block: its first cell, and below it one line per column."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = _console(on)
    labels = max(len(column.title) for column in columns)
    numbers = [len(row.cells[at]) for row in rows for at, column in enumerate(columns) if column.number]
    beside = bool(labels) and indent + 2 + labels + 2 + max(numbers, default=0) <= (on.width or ENDLESS)
    for row in rows:
        first, *rest = (
            Text(printable(cell), style=row.style if at == styled else "") for at, cell in enumerate(row.cells)
        )
        console.print(Padding(first, (0, 0, 0, indent), expand=False))
        block = Table.grid(padding=(0, 2, 0, 0))
        if beside:
            block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for column, cell in zip(columns[1:], rest, strict=True):
            if labels and not beside:
                block.add_row(column.title)
            block.add_row(*([column.title] if beside else []), cell)
        console.print(Padding(block, (0, 0, 0, indent + 2), expand=False))
        _below(console, row, on, indent)
    return _lines(console)


def _console(on: Screen) -> Console:
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=on.width or ENDLESS,
        force_terminal=on.colour,
        color_system="standard" if on.colour else None,
        no_color=not on.colour,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def _lines(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n")]
