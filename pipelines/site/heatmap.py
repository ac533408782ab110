"""Heat map of a model: columns by checks, the drift score of each relative to its threshold. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check, ColumnScore, multiple
from driftloop.pipelines.site.heat_grid import Cell, Heatmap, Kind, Line, mapped

# So many columns are drawn, those with the highest scores relative to their thresholds.
MOST_COLUMNS = 30
# Class of a cell, upper bound of the multiple of the threshold, meaning. The last three have drifted.
STEPS: tuple[tuple[str, float, str], ...] = (
    ("heat0", 0.5, "below half of the threshold"),
    ("heat1", math.inf, "up to the threshold"),
    ("heat2", 2, "drifted: up to twice the threshold"),
    ("heat3", 4, "drifted: up to four times"),
    ("heat4", math.inf, "drifted: more"),
)
WITHIN, BEYOND = STEPS[:2], STEPS[2:]


def heatmap(checks: Sequence[Check]) -> Heatmap | None:
    """Draw the columns of all checks that measured drift, oldest check first; None without any."""
    judged = [check for check in checks if check.columns]
    if not judged:
        return None
    remark = "score relative to its threshold at each check; highest now at the top"
    meanings = [(kind, meaning) for kind, _, meaning in STEPS]
    kind = Kind("Drift", "columns", MOST_COLUMNS, remark, meanings, _peak)
    return mapped(kind, judged, _names(judged), _lines)


def step_of(score: ColumnScore) -> str | None:
    """Return the class of a cell; None if the score could not be computed. Drift is what the check decided."""
    value = strain(score)
    if math.isnan(value):
        return None
    return next(kind for kind, bound, _ in (BEYOND if score.drifted else WITHIN) if value <= bound)


def _names(judged: Sequence[Check]) -> list[str]:
    """Return all columns: those of the newest check by their score, then those that only earlier checks had."""
    newest = {score.name: score for score in judged[-1].columns}
    peaks: dict[str, float] = {}
    for check in judged:
        for score in check.columns:
            peaks[score.name] = max(peaks.get(score.name, 0.0), _height(score))

    def rank(name: str) -> tuple[bool, float, float, str]:
        now = _height(newest[name]) if name in newest else 0.0
        return name not in newest, -now, -peaks[name], name

    return sorted(peaks, key=rank)


def _lines(kept: Sequence[Check], names: Sequence[str]) -> list[Line]:
    scores = [{score.name: score for score in check.columns} for check in kept]
    return [_line(name, kept, [found.get(name) for found in scores]) for name in names]


def _line(name: str, checks: Sequence[Check], scores: Sequence[ColumnScore | None]) -> Line:
    newest = scores[-1]
    short = full = ""
    if newest is not None and step_of(newest) is not None:
        short = multiple(strain(newest))
        full = f"{short}  ({number(newest.score)} of {number(newest.threshold)})"
    return Line(
        name=name,
        title=name if newest is None or newest.role == "feature" else f"{name} ({newest.role})",
        strong=newest is not None and newest.drifted,
        cells=[_cell(name, check, score) for check, score in zip(checks, scores, strict=True)],
        short=short,
        full=full,
    )


def _cell(name: str, check: Check, score: ColumnScore | None) -> Cell | None:
    kind = None if score is None else step_of(score)
    if score is None or kind is None:
        return None
    text = (
        f"{name}, {check.now:%Y-%m-%d}: {score.method} {number(score.score)}, "
        f"threshold {number(score.threshold)} ({multiple(strain(score))})"
    )
    return Cell(kind, text)


def _peak(check: Check) -> float:
    return max(map(_height, check.columns), default=0.0)


def _height(score: ColumnScore) -> float:
    value = strain(score)
    return 0.0 if math.isnan(value) else value
