"""Grid of colored cells over the checks of a model, one row per column or slice, as inline SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from markupsafe import Markup

from driftloop.monitoring.records import Check
from driftloop.pipelines.site.scales import thinned

K = TypeVar("K")
NOTHING = Markup("")
ROW, TOP, BOTTOM = 20, 4, 24
# Pixels of a sign in the name of a row.
PER_SIGN = 7


@dataclass(frozen=True)
class Grid:
    """One drawing, wide for a laptop or narrow for a phone: pixels, and the most checks and days."""

    name: str
    width: int
    left: int
    right: int
    checks: int
    labels: int


WIDE = Grid("wide", width=1166, left=190, right=212, checks=60, labels=8)
NARROW = Grid("narrow", width=344, left=108, right=50, checks=24, labels=3)


@dataclass(frozen=True)
class Cell:
    """The class of a cell, and its values as text; neighbors with the class of `quiet` are drawn as one shape."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """A row: its name, what its whole name shows on hover, its cells, and the newest values in short and in full."""

    name: str
    title: str
    strong: bool
    cells: Sequence[Cell | None]
    short: str
    full: str


@dataclass(frozen=True)
class Kind:
    """What a heat map shows: the title of its values, what its rows are and the most of them, and a remark.

    `meanings` are the classes of cells with their meanings, the quiet one first; of checks that do not fit, those with
    the highest `peak` are drawn.
    """

    values: str
    rows: str
    most: int
    remark: str
    meanings: Sequence[tuple[str, str]]
    peak: Callable[[Check], float]


@dataclass(frozen=True)
class Heatmap:
    """The drawing, its legend (class and meaning), and how many of the rows it has."""

    drawing: Markup
    legend: tuple[tuple[str, str], ...]
    remark: str


def mapped(
    kind: Kind,
    judged: Sequence[Check],
    keys: Sequence[K],
    lines: Callable[[Sequence[Check], Sequence[K]], Sequence[Line]],
) -> Heatmap:
    """Draw the first keys at these checks, oldest first, both wide and narrow; `lines` are those of some checks."""
    shown = keys[: kind.most]
    title = f"{kind.values} of {len(shown)} {kind.rows} at {len(judged)} checks"
    parts = []
    for grid in (WIDE, NARROW):
        kept = [*thinned(judged[:-1], grid.checks - 1, kind.peak), judged[-1]]
        parts.append(drawn(title, kept, lines(kept, shown), kind.meanings[0][0], grid))
    drawing = NOTHING.join(parts)
    legend = tuple((name, meaning) for name, meaning in kind.meanings if f'class="{name}"' in drawing)
    more = f"; {len(shown)} of {len(keys)} {kind.rows}" if len(shown) < len(keys) else ""
    return Heatmap(drawing, legend, f"{kind.remark}{more}")


def drawn(title: str, checks: Sequence[Check], lines: Sequence[Line], quiet: str, grid: Grid) -> Markup:
    """Draw the lines, one cell per check; a line marks each check that another version is compared with."""
    wide = min((grid.width - grid.left - grid.right) / len(checks), 60)
    height = TOP + ROW * len(lines) + BOTTOM
    parts = []
    for at, line in enumerate(lines):
        y = TOP + ROW * at
        parts.append(_label(line, y, grid, grid.left + wide * len(checks)))
        parts.append(_row(line.cells, quiet, y, wide, grid))
    parts.append(_changes(checks, wide, height - BOTTOM, grid))
    parts.append(_days([check.now for check in checks], wide, height - 8, grid))
    return Markup('<svg class="chart heat {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>\n').format(
        grid.name, grid.width, height, title, NOTHING.join(parts)
    )


def _label(line: Line, y: int, grid: Grid, end: float) -> Markup:
    # The whole name is in the title; the ground of the cells covers what is still too long.
    sort = "strong" if line.strong else ""
    text = Markup('<text class="{}" x="0" y="{}"><title>{}</title>{}</text>').format(
        sort, y + 14, line.title, cut(line.name, grid.left // PER_SIGN)
    ) + Markup('<rect class="ground" x="{}" y="{}" width="{}" height="{}"/>').format(
        grid.left - 8, y, grid.width - grid.left + 8, ROW
    )
    numbers = line.full if grid is WIDE else line.short
    if not numbers:
        return text
    return text + Markup('<text class="{}" x="{}" y="{}">{}</text>').format(sort, round(end + 8, 1), y + 14, numbers)


def cut(name: str, most: int) -> str:
    """Return a name of at most `most` signs, without its middle: names that begin alike often end differently.

    >>> cut("fare", 9), cut("customer_value_in_euros", 9)
    ('fare', 'cust…uros')
    """
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[len(name) - half :]}"


def _row(cells: Sequence[Cell | None], quiet: str, y: int, wide: float, grid: Grid) -> Markup:
    """Draw the cells of a line; quiet neighbors are one shape, so that a page stays small."""
    parts, at = [], 0
    for kind, same in groupby(cells, key=lambda cell: None if cell is None else cell.kind):
        these = list(same)
        if kind == quiet:
            parts.append(_cell(kind, at, len(these), y, wide, grid, NOTHING))
        elif kind is not None:
            for place, cell in enumerate(these, at):
                assert cell is not None
                title = Markup("<title>{}</title>").format(cell.text)
                parts.append(_cell(kind, place, 1, y, wide, grid, title))
        at += len(these)
    return NOTHING.join(parts)


def _cell(kind: str, at: int, count: int, y: int, wide: float, grid: Grid, title: Markup) -> Markup:
    gap = 1 if wide > 4 else 0
    x, width = round(grid.left + wide * at, 1), round(wide * count - gap, 1)
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}">{}</rect>').format(
        kind, x, y, width, ROW - 2, title
    )


def _changes(checks: Sequence[Check], wide: float, bottom: int, grid: Grid) -> Markup:
    """Draw a line before each check that another version is compared with: its reference is another one."""
    parts = []
    for at in range(1, len(checks)):
        before, now = checks[at - 1].champion, checks[at].champion
        if now is not None and before != now:
            x = round(grid.left + wide * at - 0.5, 1)
            parts.append(
                Markup(
                    '<path class="change" d="M{} {}V{}"><title>from here on compared with the reference of version {}'
                    "</title></path>"
                ).format(x, TOP - 2, bottom, now)
            )
    return NOTHING.join(parts)


def _days(moments: Sequence[datetime], wide: float, y: int, grid: Grid) -> Markup:
    """Write the day of some checks below their cells; checks are as far apart as cells, regardless of time."""
    room = max(1, math.ceil(len(moments) / grid.labels), math.ceil(88 / wide))
    parts, year = [], None
    for at in range(0, len(moments), room):
        moment = moments[at]
        word = f"{moment.day} {moment:%b}" + (f" {moment.year}" if moment.year != year else "")
        year = moment.year
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(round(grid.left + wide * at, 1), y, word))
    return NOTHING.join(parts)
