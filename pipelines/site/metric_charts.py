"""Metrics of a model over time, one small chart per metric: values with their intervals, and the reference. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check, MetricValue
from driftloop.pipelines.site.scales import Scale, around, thinned, tick_labels, ticks, time_ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 130, 46, 10, 8, 22
POINTS = 120
Point = tuple[datetime, MetricValue]


@dataclass(frozen=True)
class MetricChart:
    """A metric at the newest check with labels: its value, interval and reference as text, and its drawing."""

    metric: MetricValue
    interval: str
    drawing: Markup


def metric_charts(checks: Sequence[Check]) -> list[MetricChart]:
    """Return the metrics of the newest check that measured any, each with its values at all checks, oldest first."""
    newest = next((check for check in reversed(checks) if check.metrics), None)
    return [
        MetricChart(
            one,
            "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}",
            _chart(
                one.metric, [(check.now, old) for check in checks for old in check.metrics if old.metric == one.metric]
            ),
        )
        for one in (newest.metrics if newest else ())
    ]


def _chart(name: str, points: Sequence[Point]) -> Markup:
    """Draw a metric; empty with fewer than two values."""
    known = [(now, one) for now, one in points if one.value is not None and math.isfinite(one.value)]
    if len(known) < 2:
        return Markup()
    known = [*thinned(known[:-1], POINTS, lambda point: abs(point[1].value or 0.0)), known[-1]]
    values = [value for _, one in known for value in (one.value, one.low, one.high, one.reference)]
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = around(min(finite), max(finite))
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    start, end = known[0][0], known[-1][0]
    x = Scale(0.0, max((end - start).total_seconds(), 1.0), LEFT, WIDTH - RIGHT)
    marks = [mark for mark in ticks(low, high, 3) if low <= mark <= high]
    parts = [_grid(marks, y), _days(start, end, x)]
    spans = [
        (x((now - start).total_seconds()), y(one.low), y(one.high))
        for now, one in known
        if one.low is not None and one.high is not None
    ]
    parts += [Markup('<path class="loss whisker" d="M{} {}V{}"/>').format(*span) for span in spans]
    line = [(x((now - start).total_seconds()), y(one.value or 0.0)) for now, one in known]
    parts.append(_reference(known, start, x, y))
    parts.append(Markup('<path class="loss" d="M{}"/>').format("L".join(f"{at} {value}" for at, value in line)))
    parts.append(Markup('<circle class="loss" cx="{}" cy="{}" r="3"/>').format(*line[-1]))
    title = f"{name} at {len(points)} checks, {start:%Y-%m-%d} to {end:%Y-%m-%d}"
    return Markup(
        '<svg class="metric" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(WIDTH, HEIGHT, title, title, Markup("").join(parts))


def _grid(marks: Sequence[float], y: Scale) -> Markup:
    return Markup("").join(
        Markup('<path class="grid" d="M{} {}H{}"/><text class="end" x="{}" y="{}">{}</text>').format(
            LEFT, y(mark), WIDTH - RIGHT, LEFT - 6, y(mark) + 4, word
        )
        for mark, word in zip(marks, tick_labels(marks), strict=True)
    )


def _days(start: datetime, end: datetime, x: Scale) -> Markup:
    return Markup("").join(
        Markup('<text class="mid" x="{}" y="{}">{}</text>').format(
            x((moment - start).total_seconds()), HEIGHT - 6, word
        )
        for moment, word in time_ticks(start, end, 4)
        if x((moment - start).total_seconds()) < WIDTH - RIGHT - 16
    )


def _reference(known: Sequence[Point], start: datetime, x: Scale, y: Scale) -> Markup:
    """Draw the reference of each version as a level, up to the first check of the next one."""
    levels = [(x((now - start).total_seconds()), one.reference) for now, one in known]
    path, before = "", None
    for at, value in levels:
        if value is None or not math.isfinite(value):
            before = None
            continue
        level = y(value)
        path += f"M{at} {level}" if before is None else f"H{at}V{level}" if level != before else f"H{at}"
        before = level
    return Markup('<path class="reference" d="{}"/>').format(path) if path else Markup()
