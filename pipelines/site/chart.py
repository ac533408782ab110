"""The timeline of a model as inline SVG: who served, what was checked, drift share and loss over time. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from monitoring.markup import OUTCOMES, number, text
from monitoring.records import Check
from pipelines.site.glyphs import glyph
from pipelines.site.history import Mark, ModelHistory
from pipelines.site.scales import Scale, around, spread, thinned, tick_labels, ticks, time_ticks

LINE_POINTS = 600


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


def timeline(history: ModelHistory) -> str:
    """The chart twice, for wide and for narrow screens: the style shows one of them. Empty without a check."""
    return "".join(_drawn(history, layout) for layout in (WIDE, NARROW)) if history.checks else ""


def _drawn(history: ModelHistory, layout: Layout) -> str:
    time = _time_scale(history, layout)
    drift = [check for check in history.checks if check.drift_share is not None]
    losses = [check for check in history.checks if check.performance and math.isfinite(check.performance.loss)]
    top, parts = (
        90,
        [_versions(history, time), _marks(history.marks, time, layout), _strip(history.checks, time, layout)],
    )
    if drift:
        parts.append(_drift(drift, time, layout, top))
        top += layout.drift_height + 54
    if losses:
        parts.append(_loss(losses, time, layout, top))
        top += layout.loss_height + 54
    bottom = max(top - 36, 80)
    parts.insert(0, _time_axis(time, layout, bottom))
    parts.append(_columns(history.checks, time, layout, bottom))
    told = f"Timeline of {history.model}: {len(history.checks)} checks"
    return (
        f'<svg class="chart {layout.name}" viewBox="0 0 {layout.width} {bottom + 26}" role="img" '
        f'aria-label="{text(told)}">{"".join(parts)}</svg>\n'
    )


@dataclass(frozen=True)
class _Time:
    start: datetime
    end: datetime
    pixels: Scale

    def __call__(self, moment: datetime) -> float:
        return self.pixels((moment - self.start).total_seconds())


def _time_scale(history: ModelHistory, layout: Layout) -> _Time:
    moments = [check.now for check in history.checks]
    start, end = min(moments), max(moments)
    # A lone check stands in the middle of its window's length; many have half a step of air at each end.
    air = (end - start) / (2 * max(len(moments) - 1, 1)) or history.checks[-1].window.length / 2
    start, end = start - air, end + air
    pixels = Scale(0, (end - start).total_seconds(), layout.left, layout.width - layout.right)
    return _Time(start, end, pixels)


def _time_axis(time: _Time, layout: Layout, bottom: float) -> str:
    parts = []
    for moment, word in time_ticks(time.start, time.end, layout.time_ticks):
        x = time(moment)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="58" y2="{bottom}"/>')
        if x < layout.width - layout.right - 4:
            parts.append(f'<text class="mid" x="{x}" y="{bottom + 18}">{text(word)}</text>')
    return "".join(parts)


def _versions(history: ModelHistory, time: _Time) -> str:
    """A strip that says which version served when."""
    reigns: list[tuple[datetime, str]] = []
    for check in history.checks:
        serves = check.champion_after or check.champion
        if serves and (not reigns or reigns[-1][1] != serves):
            reigns.append((check.now, serves))
    parts = [f'<text class="end" x="{time.pixels.start - 8}" y="19">version</text>']
    for at, (since, version) in enumerate(reigns):
        until = reigns[at + 1][0] if at + 1 < len(reigns) else time.end
        x, width = time(since), round(time(until) - time(since), 1)
        label = f'<text class="mid strong" x="{round(x + width / 2, 1)}" y="19">{text(version)}</text>'
        told = f"version {version} served from {since:%Y-%m-%d %H:%M}"
        parts.append(
            f'<g><title>{text(told)}</title><rect class="reign{at % 2}" x="{x}" y="5" width="{width}" height="20"/>'
            f"{label if width > 7 * len(version) + 4 else ''}</g>"
        )
    return "".join(parts)


def _marks(marks: Sequence[Mark], time: _Time, layout: Layout) -> str:
    drawn = [mark for mark in marks if time.start <= mark.moment <= time.end]
    found = [f'<text class="end" x="{time.pixels.start - 8}" y="44">retrains</text>'] if drawn else []
    for mark in thinned(drawn, layout.columns // 2, lambda mark: mark.kind != "rejected"):
        told = f"{mark.moment:%Y-%m-%d %H:%M}\n{mark.told[:300]}"
        found.append(f"<g><title>{text(told)}</title>{glyph(mark.kind, time(mark.moment), 40, layout.glyph)}</g>")
    return "".join(found)


def _strip(checks: Sequence[Check], time: _Time, layout: Layout) -> str:
    """One stroke for each check, in the colour of its outcome."""
    room = (layout.width - layout.left - layout.right) / len(checks)
    width = round(min(max(room - 1, 1), 6), 1)
    heavy = ("quiet", "good", "new", "warn", "bad")
    kept = thinned(checks, layout.columns * 2, lambda check: heavy.index(OUTCOMES[check.outcome][0]))
    strokes = [
        f'<rect class="{OUTCOMES[check.outcome][0]}" x="{round(time(check.now) - width / 2, 1)}" y="56" '
        f'width="{width}" height="12"/>'
        for check in kept
    ]
    return f'<text class="end" x="{time.pixels.start - 8}" y="66">checks</text>{"".join(strokes)}'


def _drift(checks: Sequence[Check], time: _Time, layout: Layout, top: float) -> str:
    limits = [(check.now, limit) for check in checks if (limit := _drift_limit(check)) is not None]
    shares = [(check.now, check.drift_share or 0.0) for check in checks]
    highest = max([*(share for _, share in shares), *(limit for _, limit in limits), 0.1])
    marks = ticks(0, min(highest, 1.0), 3)
    scale = Scale(marks[0], marks[-1], top + 18 + layout.drift_height, top + 18)
    line = [(time(now), scale(share)) for now, share in thinned(shares, LINE_POINTS, lambda one: one[1])]
    parts = [
        _heading("Drifted features", "share of all", layout, top),
        _value_axis(marks, [f"{mark:.0%}" for mark in marks], scale, layout),
        f'<path class="drift area" d="{_path(line)}L{line[-1][0]} {scale(0)}L{line[0][0]} {scale(0)}Z"/>',
        f'<path class="limit" d="{_steps([(time(now), scale(limit)) for now, limit in limits])}"/>' if limits else "",
        f'<path class="drift" d="{_path(line)}"/>',
        _dots("drift", line, layout),
    ]
    last = [("drift", f"{shares[-1][1]:.0%}", scale(shares[-1][1]))]
    if limits:
        last.append(("limit", f"limit {limits[-1][1]:.0%}", scale(limits[-1][1])))
    return "".join(parts) + _labels(last, line[-1][0], layout, scale)


def _drift_limit(check: Check) -> float | None:
    found = (vote.threshold for vote in check.votes if vote.policy == "drift_share")
    return next((limit for limit in found if limit is not None), None)


def _loss(checks: Sequence[Check], time: _Time, layout: Layout, top: float) -> str:
    seen = [(time(check.now), performance) for check in checks if (performance := check.performance) is not None]
    values = [value for _, one in seen for value in (one.loss, one.low, one.high, one.reference_loss)]
    values = [value for value in values if math.isfinite(value)]
    low, high = around(min(values), max(values))
    marks = [mark for mark in ticks(low, high, 4) if low <= mark <= high]
    scale = Scale(low, high, top + 18 + layout.loss_height, top + 18)
    kept = thinned(seen, LINE_POINTS, lambda one: one[1].loss)
    line = [(x, scale(one.loss)) for x, one in kept]
    reference = [(x, scale(one.reference_loss)) for x, one in kept if math.isfinite(one.reference_loss)]
    name, newest = seen[-1][1].loss_name, seen[-1][1]
    parts = [
        _heading("Champion's loss", f"{name}, 95 % interval", layout, top),
        _value_axis(marks, tick_labels(marks), scale, layout),
        _interval([(x, scale(one.low), scale(one.high)) for x, one in kept], layout),
        f'<path class="reference" d="{_steps(reference)}"/>',
        f'<path class="loss" d="{_path(line)}"/>',
        _dots("loss", line, layout),
    ]
    wide = layout.name == "wide"
    last = [
        ("loss", f"{name} {number(newest.loss)}" if wide else number(newest.loss), scale(newest.loss)),
        (
            "reference",
            f"{'reference' if wide else 'ref'} {number(newest.reference_loss)}",
            scale(newest.reference_loss),
        ),
    ]
    return "".join(parts) + _labels(last, line[-1][0], layout, scale)


def _interval(points: Sequence[tuple[float, float, float]], layout: Layout) -> str:
    """A whisker at each point while they are few, a band where they are many."""
    if len(points) <= layout.dots:
        whiskers = "".join(f"M{x} {low}V{high}" for x, low, high in points)
        return f'<path class="loss whisker" d="{whiskers}"/>'
    outline = [(x, high) for x, _, high in points] + [(x, low) for x, low, _ in reversed(points)]
    return f'<path class="loss band" d="{_path(outline)}Z"/>'


def _heading(title: str, unit: str, layout: Layout, top: float) -> str:
    strong = f'<tspan class="strong">{title}</tspan>'
    return f'<text x="{layout.left}" y="{top + 8}">{strong} <tspan>{text(unit)}</tspan></text>'


def _value_axis(marks: Sequence[float], words: Sequence[str], scale: Scale, layout: Layout) -> str:
    ends = f'x1="{layout.left}" x2="{layout.width - layout.right}"'
    parts = [f'<line class="axis" {ends} y1="{scale.start}" y2="{scale.start}"/>']
    for mark, word in zip(marks, words, strict=True):
        y = scale(mark)
        parts.append(f'<line class="grid" {ends} y1="{y}" y2="{y}"/>' if y != scale.start else "")
        parts.append(f'<text class="end" x="{layout.left - 8}" y="{y + 4}">{word}</text>')
    return "".join(parts)


def _labels(labels: Sequence[tuple[str, str, float]], x: float, layout: Layout, scale: Scale) -> str:
    """The newest values, written beside the ends of their lines and kept apart."""
    places = spread([y for _, _, y in labels], 14, scale.end - 2, scale.start + 2)
    right = max(x + 10, layout.width - layout.right + 8)
    return "".join(
        f'<text class="{kind} label" x="{right}" y="{place + 4}">{text(word)}</text>'
        for (kind, word, _), place in zip(labels, places, strict=True)
    )


def _columns(checks: Sequence[Check], time: _Time, layout: Layout, bottom: float) -> str:
    """A column over each check that tells it when the mouse rests there."""
    kept = thinned(checks, layout.columns, _weight)
    places = [time(check.now) for check in kept]
    edges = [time.pixels.start, *((a + b) / 2 for a, b in pairwise(places)), time.pixels.end]
    return "".join(
        f'<rect class="hit" x="{round(left, 1)}" y="50" width="{round(right - left, 1)}" height="{bottom - 50}">'
        f"<title>{text(in_short(check))}</title></rect>"
        for check, (left, right) in zip(kept, pairwise(edges), strict=True)
    )


def in_short(check: Check) -> str:
    """One check in a few lines of plain text."""
    lines = [str(check.window), f"{OUTCOMES[check.outcome][1]}, {check.window.rows:,} rows"]
    if check.drift_share is not None:
        lines.append(f"drifted features {check.drift_share:.0%}")
    if check.performance is not None:
        seen = check.performance
        interval = f"{number(seen.low)} to {number(seen.high)}"
        lines.append(f"{seen.loss_name} {number(seen.loss)} ({interval}), reference {number(seen.reference_loss)}")
    return "\n".join(lines)


def _weight(check: Check) -> float:
    """What changed something is told rather than what was measured, and a high loss rather than a low one."""
    if check.retrain is not None or OUTCOMES[check.outcome][0] == "bad":
        return math.inf
    return check.performance.loss if check.performance else 0.0


def _dots(kind: str, points: Sequence[tuple[float, float]], layout: Layout) -> str:
    if len(points) > layout.dots:
        return ""
    return "".join(f'<circle class="{kind}" cx="{x}" cy="{y}" r="2.6"/>' for x, y in points)


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
