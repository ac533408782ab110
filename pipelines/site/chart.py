"""The timeline of a model as inline SVG: who served, what was checked, drift share and loss over time. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup

from driftloop.monitoring.presentation.markup import OUTCOMES, number, tone_of
from driftloop.monitoring.presentation.standing import WORSE, remains_worse
from driftloop.monitoring.records import Check
from driftloop.pipelines.site.glyphs import glyph
from driftloop.pipelines.site.history import Mark, ModelHistory
from driftloop.pipelines.site.panels import NARROW, NOTHING, WIDE, Layout, Time, drift_panel, loss_panel
from driftloop.pipelines.site.scales import Scale, thinned, time_ticks


def timeline(history: ModelHistory) -> Markup:
    """Draw the chart twice, for wide and for narrow screens: the style shows one of them. Empty without a check."""
    return NOTHING.join(_drawn(history, layout) for layout in (WIDE, NARROW)) if history.checks else NOTHING


def _drawn(history: ModelHistory, layout: Layout) -> Markup:
    time = _time_scale(history, layout)
    drift = [check for check in history.checks if check.drift_share is not None]
    parts = [_versions(history, time), _marks(history.marks, time, layout), _strip(history.checks, time, layout)]
    top = 90
    if drift:
        parts.append(drift_panel(drift, time, layout, top))
        top += layout.drift_height + 54
    lost = loss_panel(history.checks, time, layout, top)
    if lost:
        parts.append(lost)
        top += layout.loss_height + 54
    bottom = max(top - 36, 80)
    parts.insert(0, _time_axis(time, layout, bottom))
    parts.append(_columns(history.checks, time, layout, bottom))
    title = f"Timeline of {history.model}: {len(history.checks)} checks"
    return Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>\n').format(
        layout.name, layout.width, bottom + 26, title, NOTHING.join(parts)
    )


def _time_scale(history: ModelHistory, layout: Layout) -> Time:
    moments = [check.now for check in history.checks]
    start, end = min(moments), max(moments)
    # A lone check is in the middle of its window's length; many have half a step of air at each end.
    air = (end - start) / (2 * max(len(moments) - 1, 1)) or history.checks[-1].window.length / 2
    start, end = start - air, end + air
    pixels = Scale(0, (end - start).total_seconds(), layout.left, layout.width - layout.right)
    return Time(start, end, pixels)


def _time_axis(time: Time, layout: Layout, bottom: float) -> Markup:
    parts = []
    for moment, word in time_ticks(time.start, time.end, layout.time_ticks):
        x = time(moment)
        parts.append(Markup('<line class="grid" x1="{x}" x2="{x}" y1="58" y2="{y}"/>').format(x=x, y=bottom))
        if x < layout.width - layout.right - 4:
            parts.append(Markup('<text class="mid" x="{}" y="{}">{}</text>').format(x, bottom + 18, word))
    return NOTHING.join(parts)


def _versions(history: ModelHistory, time: Time) -> Markup:
    """Draw a strip of the versions and when each served."""
    reigns: list[tuple[datetime, str]] = []
    for check in history.checks:
        serves = check.champion_after or check.champion
        if serves and (not reigns or reigns[-1][1] != serves):
            reigns.append((check.now, serves))
    parts = [_row_label("version", time, 19)]
    for at, (since, version) in enumerate(reigns):
        until = reigns[at + 1][0] if at + 1 < len(reigns) else time.end
        x, width = time(since), round(time(until) - time(since), 1)
        label = Markup('<text class="mid strong" x="{}" y="19">{}</text>').format(round(x + width / 2, 1), version)
        title = f"version {version} served from {since:%Y-%m-%d %H:%M}"
        parts.append(
            Markup('<g><title>{}</title><rect class="reign{}" x="{}" y="5" width="{}" height="20"/>{}</g>').format(
                title, at % 2, x, width, label if width > 7 * len(version) + 4 else ""
            )
        )
    return NOTHING.join(parts)


def _row_label(word: str, time: Time, y: int) -> Markup:
    return Markup('<text class="end" x="{}" y="{}">{}</text>').format(time.pixels.start - 8, y, word)


def _marks(marks: Sequence[Mark], time: Time, layout: Layout) -> Markup:
    # What came after the last check, for example a rollback, is drawn at the edge.
    drawn = [mark for mark in marks if mark.moment >= time.start]
    found = [_row_label("retrains", time, 44)] if drawn else []
    for mark in thinned(drawn, layout.columns // 2, lambda mark: mark.kind != "rejected"):
        title = f"{mark.moment:%Y-%m-%d %H:%M}\n{mark.reason[:300]}"
        shape = glyph(mark.kind, time(mark.moment), 40, layout.glyph)
        found.append(Markup("<g><title>{}</title>{}</g>").format(title, shape))
    return NOTHING.join(found)


def _strip(checks: Sequence[Check], time: Time, layout: Layout) -> Markup:
    """Draw one stroke for each check, in the color of its outcome."""
    room = (layout.width - layout.left - layout.right) / len(checks)
    width = round(min(max(room - 1, 1), 6), 1)
    heavy = ("quiet", "good", "new", "warn", "bad")
    kept = thinned(checks, layout.columns * 2, lambda check: heavy.index(_tone(check)))
    strokes = [
        Markup('<rect class="{}" x="{}" y="56" width="{}" height="12"/>').format(
            _tone(check), round(time(check.now) - width / 2, 1), width
        )
        for check in kept
    ]
    return _row_label("checks", time, 66) + NOTHING.join(strokes)


def _columns(checks: Sequence[Check], time: Time, layout: Layout, bottom: float) -> Markup:
    """Draw a column over each check that shows its values when the mouse is over it."""
    kept = thinned(checks, layout.columns, _weight)
    places = [time(check.now) for check in kept]
    edges = [time.pixels.start, *((a + b) / 2 for a, b in pairwise(places)), time.pixels.end]
    return NOTHING.join(
        Markup('<rect class="hit" x="{}" y="50" width="{}" height="{}"><title>{}</title></rect>').format(
            round(left, 1), round(right - left, 1), bottom - 50, in_short(check)
        )
        for check, (left, right) in zip(kept, pairwise(edges), strict=True)
    )


def in_short(check: Check) -> str:
    """Summarize one check in a few lines of plain text."""
    lines = [str(check.window), f"{OUTCOMES[check.outcome][1]}, {check.window.rows:,} rows"]
    if remains_worse(check):
        lines.append(f"the loss is {WORSE}")
    if check.drift_share is not None:
        lines.append(f"drifted features {check.drift_share:.0%}")
    if check.performance is not None:
        loss = check.performance
        interval = f"{number(loss.low)} to {number(loss.high)}"
        lines.append(f"{loss.title} {number(loss.loss)} ({interval}), reference {number(loss.reference_loss)}")
    if check.estimated is not None and check.estimated.applicable:
        lines.append(f"{check.estimated.title} {number(check.estimated.loss)} estimated without labels")
    return "\n".join(lines)


def _tone(check: Check) -> str:
    return tone_of(check.outcome, worse=remains_worse(check))


def _weight(check: Check) -> float:
    """Rank checks for a place in the chart: those that changed something first, then those with a high loss."""
    if check.retrain is not None or _tone(check) == "bad":
        return math.inf
    return check.performance.loss if check.performance else 0.0
