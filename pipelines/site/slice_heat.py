"""Heat map of the slices of a model: slices by checks, the loss of each relative to its loss at training. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check, SliceScore
from driftloop.pipelines.site.heat_grid import Cell, Heatmap, Kind, Line, mapped

MOST_SLICES = 30
# Class of a cell, upper bound of the rise of the loss, meaning. The last three are significantly worse.
WITHIN: tuple[tuple[str, float, str], ...] = (
    ("heat0", 0.0, "loss as at training, or below"),
    ("heat1", math.inf, "above, within chance"),
)
WORSE: tuple[tuple[str, float, str], ...] = (
    ("heat2", 0.25, "worse: up to 25% above its loss at training"),
    ("heat3", 0.75, "worse: up to 75% above"),
    ("heat4", math.inf, "worse: more"),
)
UNJUDGED = ("heatnone", "not judged: too few rows, or no reference")


def slice_heatmap(checks: Sequence[Check]) -> Heatmap | None:
    """Draw the slices of all checks with labels, oldest check first, worst now at the top; None without any."""
    judged = [check for check in checks if check.slices]
    if not judged:
        return None
    remark = "loss relative to the loss on the slice at training; worst now at the top"
    meanings = [*((kind, meaning) for kind, _, meaning in (*WITHIN, *WORSE)), UNJUDGED]
    kind = Kind("Loss", "slices", MOST_SLICES, remark, meanings, _peak)
    return mapped(kind, judged, _keys(judged), _lines)


def step_of(score: SliceScore) -> str:
    """Return the class of a cell. Worse is what the check decided."""
    if score.standing in {"no_reference", "too_few_rows"} or score.rise is None or math.isnan(score.rise):
        return UNJUDGED[0]
    rise = score.rise
    return next(kind for kind, bound, _ in (WORSE if score.standing == "worse" else WITHIN) if rise <= bound)


def _keys(judged: Sequence[Check]) -> list[tuple[str, str]]:
    """Return rule and name of all slices: those of the newest check by their rise, then earlier ones."""
    newest = {(one.rule, one.name): one for one in judged[-1].slices}
    known = dict.fromkeys((one.rule, one.name) for check in reversed(judged) for one in check.slices)

    def rank(key: tuple[str, str]) -> tuple[bool, bool, float, str]:
        one = newest.get(key)
        return one is None, one is None or one.standing != "worse", -_rise(one), key[1]

    return sorted(known, key=rank)


def _lines(kept: Sequence[Check], keys: Sequence[tuple[str, str]]) -> list[Line]:
    scores = [{(one.rule, one.name): one for one in check.slices} for check in kept]
    return [_line(name, kept, [found.get((rule, name)) for found in scores]) for rule, name in keys]


def _line(name: str, checks: Sequence[Check], scores: Sequence[SliceScore | None]) -> Line:
    newest = scores[-1]
    short = full = ""
    if newest is not None:
        short = number(newest.loss) if newest.rise is None else f"{newest.rise:+.0%}"
        full = number(newest.loss)
        if newest.reference_loss is not None and newest.rise is not None:
            full = f"{newest.rise:+.0%}  ({number(newest.loss)}, was {number(newest.reference_loss)})"
    worse = newest is not None and newest.standing == "worse"
    cells = [None if one is None else _cell(name, check, one) for check, one in zip(checks, scores, strict=True)]
    return Line(name, name, worse, cells, short, full)


def _cell(name: str, check: Check, score: SliceScore) -> Cell:
    text = f"{name}, {check.now:%Y-%m-%d}: loss {number(score.loss)}, {score.rows:,} rows"
    if score.reference_loss is not None:
        text += f", at training {number(score.reference_loss)}"
    return Cell(step_of(score), text)


def _rise(score: SliceScore | None) -> float:
    rise = None if score is None else score.rise
    return -math.inf if rise is None or math.isnan(rise) else rise


def _peak(check: Check) -> float:
    return max((_rise(one) for one in check.slices), default=-math.inf)
