"""Heat map of a model: columns by checks, the drift score of each relative to its threshold, as inline SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check, ColumnScore
from driftloop.pipelines.site.scales import thinned

NOTHING = Markup("")
# So many columns are drawn, those with the highest scores relative to their thresholds.
MOST_COLUMNS = 30
# Class of a cell, upper bound of score / threshold, meaning. The last three have drifted.
STEPS: tuple[tuple[str, float, str], ...] = (
    ("heat0", 0.5, "below half of the threshold"),
    ("heat1", math.inf, "up to the threshold"),
    ("heat2", 2, "drifted: up to twice the threshold"),
    ("heat3", 4, "drifted: up to four times"),
    ("heat4", math.inf, "drifted: more"),
)
WITHIN, BEYOND = STEPS[:2], STEPS[2:]


@dataclass(frozen=True)
class Grid:
    """One drawing, wide for a laptop or narrow for a phone: pixels, and the most checks and days."""

    name: str
    width: int
    left: int
    right: int
    checks: int
    labels: int


WIDE = Grid("wide", width=1166, left=190, right=150, checks=60, labels=8)
NARROW = Grid("narrow", width=344, left=108, right=50, checks=24, labels=3)
ROW, TOP, BOTTOM = 20, 4, 24


@dataclass(frozen=True)
class Heatmap:
    """The drawing, its legend (class and meaning), and how many of the columns it has."""

    drawing: Markup
    legend: tuple[tuple[str, str], ...]
    remark: str


def heatmap(checks: Sequence[Check]) -> Heatmap | None:
    """Draw the columns of all checks that measured drift, oldest check first; None without any."""
    judged = [check for check in checks if check.columns]
    if not judged:
        return None
    names = _names(judged)
    shown = names[:MOST_COLUMNS]
    drawing = NOTHING.join(_drawn(judged, shown, grid) for grid in (WIDE, NARROW))
    legend = tuple((kind, meaning) for kind, _, meaning in STEPS if f'class="{kind}"' in drawing)
    remark = "score relative to its threshold at each check; highest now at the top"
    if len(shown) < len(names):
        remark += f"; {len(shown)} of {len(names)} columns"
    return Heatmap(drawing, legend, remark)


def ratio(score: ColumnScore) -> float | None:
    """Return the score relative to its threshold; None if it could not be computed."""
    if math.isnan(score.score) or math.isnan(score.threshold):
        return None
    if score.threshold > 0:
        return score.score / score.threshold
    return math.inf if score.score > 0 else 0.0


def step_of(score: ColumnScore) -> str | None:
    """Return the class of a cell; None if the score could not be computed. Drift is what the check decided."""
    value = ratio(score)
    if value is None:
        return None
    return next(kind for kind, bound, _ in (BEYOND if score.drifted else WITHIN) if value <= bound)


def _names(judged: Sequence[Check]) -> list[str]:
    """Return all columns: those of the newest check by their score, then those that only earlier checks had."""
    newest = {score.name: score for score in judged[-1].columns}
    peaks: dict[str, float] = {}
    for check in judged:
        for score in check.columns:
            peaks[score.name] = max(peaks.get(score.name, 0.0), ratio(score) or 0.0)

    def rank(name: str) -> tuple[bool, float, float, str]:
        now = ratio(newest[name]) or 0.0 if name in newest else 0.0
        return name not in newest, -now, -peaks[name], name

    return sorted(peaks, key=rank)


def _drawn(judged: Sequence[Check], names: Sequence[str], grid: Grid) -> Markup:
    kept = [*thinned(judged[:-1], grid.checks - 1, _peak), judged[-1]]
    wide = (grid.width - grid.left - grid.right) / len(kept)
    wide = min(wide, 60)
    height = TOP + ROW * len(names) + BOTTOM
    scores = [{score.name: score for score in check.columns} for check in kept]
    parts = []
    for at, name in enumerate(names):
        y = TOP + ROW * at
        parts.append(_label(name, scores[-1].get(name), y, grid, grid.left + wide * len(kept)))
        parts.append(_row(name, kept, [found.get(name) for found in scores], y, wide, grid))
    parts.append(_changes(kept, wide, height - BOTTOM, grid))
    parts.append(_days([check.now for check in kept], wide, height - 8, grid))
    title = f"Drift of {len(names)} columns at {len(judged)} checks"
    return Markup('<svg class="chart heat {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>\n').format(
        grid.name, grid.width, height, title, NOTHING.join(parts)
    )


def _label(name: str, newest: ColumnScore | None, y: int, grid: Grid, end: float) -> Markup:
    title = name if newest is None or newest.role == "feature" else f"{name} ({newest.role})"
    # The whole name; the ground of the cells covers what is too long.
    text = Markup('<text class="{}" x="0" y="{}"><title>{}</title>{}</text>').format(
        "strong" if newest and newest.drifted else "", y + 14, title, name
    ) + Markup('<rect class="ground" x="{}" y="{}" width="{}" height="{}"/>').format(
        grid.left - 8, y, grid.width - grid.left + 8, ROW
    )
    value = None if newest is None else ratio(newest)
    if value is None or newest is None:
        return text
    numbers = f"{_times(value)}"
    if grid is WIDE:
        numbers += f"  ({number(newest.score)} of {number(newest.threshold)})"
    return text + Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
        "strong" if newest.drifted else "", round(end + 8, 1), y + 14, numbers
    )


def _row(
    name: str, checks: Sequence[Check], scores: Sequence[ColumnScore | None], y: int, wide: float, grid: Grid
) -> Markup:
    """Draw the cells of a column; neighbors far below their thresholds are one shape, so that a page stays small."""
    steps = [None if score is None else step_of(score) for score in scores]
    parts, at = [], 0
    for step, same in groupby(steps):
        count = len(list(same))
        if step == STEPS[0][0]:
            parts.append(_cell(step, at, count, y, wide, grid, NOTHING))
        elif step is not None:
            for place in range(at, at + count):
                title = Markup("<title>{}</title>").format(_in_short(name, checks[place], scores[place]))
                parts.append(_cell(step, place, 1, y, wide, grid, title))
        at += count
    return NOTHING.join(parts)


def _cell(kind: str, at: int, count: int, y: int, wide: float, grid: Grid, title: Markup) -> Markup:
    gap = 1 if wide > 4 else 0
    x, width = round(grid.left + wide * at, 1), round(wide * count - gap, 1)
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}">{}</rect>').format(
        kind, x, y, width, ROW - 2, title
    )


def _in_short(name: str, check: Check, score: ColumnScore | None) -> str:
    assert score is not None
    value = ratio(score)
    return (
        f"{name}, {check.now:%Y-%m-%d}: {score.method} {number(score.score)}, "
        f"threshold {number(score.threshold)} ({_times(value or 0.0)})"
    )


def _times(value: float) -> str:
    """Return how many times its threshold a score is.

    >>> _times(0.254), _times(3.14), _times(25.3), _times(float("inf"))
    ('0.3x', '3.1x', '25x', 'over 999x')
    """
    if value > 999:
        return "over 999x"
    return f"{value:.1f}x" if value < 9.95 else f"{value:.0f}x"


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
    room = max(1, math.ceil(len(moments) / grid.labels), math.ceil(64 / wide))
    parts, year = [], None
    for at in range(0, len(moments), room):
        moment = moments[at]
        word = f"{moment.day} {moment:%b}" + (f" {moment.year}" if moment.year != year else "")
        year = moment.year
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(round(grid.left + wide * at, 1), y, word))
    return NOTHING.join(parts)


def _peak(check: Check) -> float:
    return max((ratio(score) or 0.0 for score in check.columns), default=0.0)
