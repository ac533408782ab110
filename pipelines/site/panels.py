"""The panels of the timeline: drift share and loss over time, with their axes and the newest values. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup

from driftloop.monitoring.decision import limit_on
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check
from driftloop.pipelines.site.scales import Scale, around, spread, thinned, tick_labels, ticks

LINE_POINTS = 600
NOTHING = Markup("")
SHORT_NAME = 10


@dataclass(frozen=True)
class Layout:
    """One drawing of the timeline: wide for a laptop, narrow for a phone. Pixels; `columns` can be hovered over."""

    name: str
    width: int
    left: int
    right: int
    columns: int
    time_ticks: int
    dots: int
    glyph: float = 6
    drift_height: int = 110
    loss_height: int = 170


WIDE = Layout("wide", width=1166, left=56, right=112, columns=250, time_ticks=12, dots=70)
NARROW = Layout(
    "narrow",
    width=344,
    left=58,
    right=72,
    columns=80,
    time_ticks=4,
    dots=24,
    glyph=4.5,
    drift_height=90,
    loss_height=140,
)


@dataclass(frozen=True)
class Time:
    """The axis of time: from moments to pixels."""

    start: datetime
    end: datetime
    pixels: Scale

    def __call__(self, moment: datetime) -> float:
        return self.pixels((moment - self.start).total_seconds())


def drift_panel(checks: Sequence[Check], time: Time, layout: Layout, top: float) -> Markup:
    """Draw the share of features that drifted, and the limit of a policy on it, within a composition too."""
    limits = [(check.now, limit) for check in checks if (limit := limit_on(check.votes, "drift_share")) is not None]
    shares = [(check.now, check.drift_share or 0.0) for check in checks]
    highest = max([*(share for _, share in shares), *(limit for _, limit in limits), 0.1])
    marks = ticks(0, min(highest, 1.0), 3)
    scale = Scale(marks[0], marks[-1], top + 18 + layout.drift_height, top + 18)
    line = [(time(now), scale(share)) for now, share in thinned(shares, LINE_POINTS, lambda one: one[1])]
    parts = [
        _heading("Drifted features", "share of all", layout, top),
        _value_axis(marks, [f"{mark:.0%}" for mark in marks], scale, layout),
        _line("drift area", f"{_path(line)}L{line[-1][0]} {scale(0)}L{line[0][0]} {scale(0)}Z"),
        _line("limit", _steps([(time(now), scale(limit)) for now, limit in limits])) if limits else NOTHING,
        _line("drift", _path(line)),
        _dots("drift", line, layout),
    ]
    last = [("drift", f"{shares[-1][1]:.0%}", scale(shares[-1][1]))]
    if limits:
        last.append(("limit", f"limit {limits[-1][1]:.0%}", scale(limits[-1][1])))
    return NOTHING.join(parts) + _labels(last, line[-1][0], layout, scale)


def loss_panel(checks: Sequence[Check], time: Time, layout: Layout, top: float) -> Markup:
    """Draw the champion's loss with its interval and its reference, and the estimate of it before labels arrived.

    Empty where neither was ever known.
    """
    measured = [(time(check.now), one) for check in checks if (one := check.performance) and math.isfinite(one.loss)]
    guessed = [(time(check.now), loss) for check in checks if (loss := _estimated(check)) is not None]
    if not measured and not guessed:
        return NOTHING
    values = [value for _, one in measured for value in (one.loss, one.low, one.high, one.reference_loss)]
    values = [value for value in (*values, *(loss for _, loss in guessed)) if math.isfinite(value)]
    low, high = around(min(values), max(values))
    marks = [mark for mark in ticks(low, high, 4) if low <= mark <= high]
    scale = Scale(low, high, top + 18 + layout.loss_height, top + 18)
    kept = thinned(measured, LINE_POINTS, lambda one: one[1].loss)
    line = [(x, scale(one.loss)) for x, one in kept]
    dotted = [(x, scale(loss)) for x, loss in thinned(guessed, LINE_POINTS, lambda one: one[1])]
    reference = [(x, scale(one.reference_loss)) for x, one in kept if math.isfinite(one.reference_loss)]
    name = next(result.title for check in reversed(checks) if (result := check.performance or check.estimated))
    unit = f"{name}, 95% CI" + (", dotted: estimated without labels" if dotted and layout.name == "wide" else "")
    parts = [
        _heading("Champion's loss", unit, layout, top),
        _value_axis(marks, tick_labels(marks), scale, layout),
        _interval([(x, scale(one.low), scale(one.high)) for x, one in kept], layout),
        _line("reference", _steps(reference)) if reference else NOTHING,
        _line("estimate", _path(dotted)) if dotted else NOTHING,
        _line("loss", _path(line)) if line else NOTHING,
        _dots("loss", line, layout),
    ]
    wide, last = layout.name == "wide", []
    if measured:
        newest = measured[-1][1]
        # A long name would leave the drawing; it is in the heading.
        short = wide and len(name) <= SHORT_NAME
        last = [("loss", f"{name} {number(newest.loss)}" if short else number(newest.loss), scale(newest.loss))]
        if math.isfinite(newest.reference_loss):
            word = f"{'reference' if wide else 'ref'} {number(newest.reference_loss)}"
            last.append(("reference", word, scale(newest.reference_loss)))
    if guessed and (not measured or guessed[-1][0] >= measured[-1][0]):  # an older estimate is no newest value
        loss = guessed[-1][1]
        last.append(("estimate", f"{'estimated' if wide else 'est'} {number(loss)}", scale(loss)))
    return NOTHING.join(parts) + _labels(last, max(x for x, _ in (*line, *dotted)), layout, scale)


def _estimated(check: Check) -> float | None:
    """Return the estimated loss, where the estimate applies."""
    estimate = check.estimated
    return (
        estimate.loss
        if estimate and estimate.applicable and estimate.loss is not None and math.isfinite(estimate.loss)
        else None
    )


def _interval(points: Sequence[tuple[float, float, float]], layout: Layout) -> Markup:
    """Draw a whisker at each point while they are few, a band where they are many."""
    if not points:
        return NOTHING
    if len(points) <= layout.dots:
        whiskers = "".join(f"M{x} {low}V{high}" for x, low, high in points)
        return _line("loss whisker", whiskers)
    outline = [(x, high) for x, _, high in points] + [(x, low) for x, low, _ in reversed(points)]
    return _line("loss band", f"{_path(outline)}Z")


def _line(kind: str, path: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, path)


def _heading(title: str, unit: str, layout: Layout, top: float) -> Markup:
    return Markup('<text x="{}" y="{}"><tspan class="strong">{}</tspan> <tspan>{}</tspan></text>').format(
        layout.left, top + 8, title, unit
    )


def _value_axis(marks: Sequence[float], words: Sequence[str], scale: Scale, layout: Layout) -> Markup:
    parts = [_across("axis", scale.start, layout)]
    for mark, word in zip(marks, words, strict=True):
        y = scale(mark)
        parts.append(_across("grid", y, layout) if y != scale.start else NOTHING)
        parts.append(Markup('<text class="end" x="{}" y="{}">{}</text>').format(layout.left - 8, y + 4, word))
    return NOTHING.join(parts)


def _across(kind: str, y: float, layout: Layout) -> Markup:
    return Markup('<line class="{kind}" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>').format(
        kind=kind, left=layout.left, right=layout.width - layout.right, y=y
    )


def _labels(labels: Sequence[tuple[str, str, float]], x: float, layout: Layout, scale: Scale) -> Markup:
    """Write the newest values next to the ends of their lines, without overlaps."""
    places = spread([y for _, _, y in labels], 14, scale.end - 2, scale.start + 2)
    right = max(x + 10, layout.width - layout.right + 8)
    return NOTHING.join(
        Markup('<text class="{} label" x="{}" y="{}">{}</text>').format(kind, right, place + 4, word)
        for (kind, word, _), place in zip(labels, places, strict=True)
    )


def _dots(kind: str, points: Sequence[tuple[float, float]], layout: Layout) -> Markup:
    if len(points) > layout.dots:
        return NOTHING
    return NOTHING.join(Markup('<circle class="{}" cx="{}" cy="{}" r="2.6"/>').format(kind, x, y) for x, y in points)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _steps(points: Sequence[tuple[float, float]]) -> str:
    """A line that jumps halfway between two points; a lone point becomes a short dash."""
    if len(points) == 1:
        x, y = points[0]
        return f"M{x - 14} {y}H{x + 14}"
    parts = [f"M{points[0][0]} {points[0][1]}"]
    parts += [f"H{round((a[0] + b[0]) / 2, 1)}V{b[1]}" for a, b in pairwise(points)]
    return "".join(parts) + f"H{points[-1][0]}"
