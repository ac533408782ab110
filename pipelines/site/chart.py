"""The timeline of a model as inline SVG: who served, what was checked, drift share and loss over time. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from driftloop.monitoring.presentation.markup import OUTCOMES, number, text, tone_of
from driftloop.monitoring.presentation.standing import WORSE, remains_worse
from driftloop.monitoring.records import Check
from driftloop.pipelines.site.glyphs import glyph
from driftloop.pipelines.site.history import Mark, ModelHistory
from driftloop.pipelines.site.panels import NARROW, WIDE, Layout, Time, drift_panel, loss_panel
from driftloop.pipelines.site.scales import Scale, thinned, time_ticks


def timeline(history: ModelHistory) -> str:
    """The chart twice, for wide and for narrow screens: the style shows one of them. Empty without a check."""
    return "".join(_drawn(history, layout) for layout in (WIDE, NARROW)) if history.checks else ""


def _drawn(history: ModelHistory, layout: Layout) -> str:
    time = _time_scale(history, layout)
    drift = [check for check in history.checks if check.drift_share is not None]
    top, parts = (
        90,
        [_versions(history, time), _marks(history.marks, time, layout), _strip(history.checks, time, layout)],
    )
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
    told = f"Timeline of {history.model}: {len(history.checks)} checks"
    return (
        f'<svg class="chart {layout.name}" viewBox="0 0 {layout.width} {bottom + 26}" role="img" '
        f'aria-label="{text(told)}">{"".join(parts)}</svg>\n'
    )


def _time_scale(history: ModelHistory, layout: Layout) -> Time:
    moments = [check.now for check in history.checks]
    start, end = min(moments), max(moments)
    # A lone check stands in the middle of its window's length; many have half a step of air at each end.
    air = (end - start) / (2 * max(len(moments) - 1, 1)) or history.checks[-1].window.length / 2
    start, end = start - air, end + air
    pixels = Scale(0, (end - start).total_seconds(), layout.left, layout.width - layout.right)
    return Time(start, end, pixels)


def _time_axis(time: Time, layout: Layout, bottom: float) -> str:
    parts = []
    for moment, word in time_ticks(time.start, time.end, layout.time_ticks):
        x = time(moment)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="58" y2="{bottom}"/>')
        if x < layout.width - layout.right - 4:
            parts.append(f'<text class="mid" x="{x}" y="{bottom + 18}">{text(word)}</text>')
    return "".join(parts)


def _versions(history: ModelHistory, time: Time) -> str:
    """A strip of the versions and when each served."""
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


def _marks(marks: Sequence[Mark], time: Time, layout: Layout) -> str:
    # What came after the last check, a rollback say, stands at the edge: nothing that happened is left out.
    drawn = [mark for mark in marks if mark.moment >= time.start]
    found = [f'<text class="end" x="{time.pixels.start - 8}" y="44">retrains</text>'] if drawn else []
    for mark in thinned(drawn, layout.columns // 2, lambda mark: mark.kind != "rejected"):
        told = f"{mark.moment:%Y-%m-%d %H:%M}\n{mark.told[:300]}"
        found.append(f"<g><title>{text(told)}</title>{glyph(mark.kind, time(mark.moment), 40, layout.glyph)}</g>")
    return "".join(found)


def _strip(checks: Sequence[Check], time: Time, layout: Layout) -> str:
    """One stroke for each check, in the colour of its outcome."""
    room = (layout.width - layout.left - layout.right) / len(checks)
    width = round(min(max(room - 1, 1), 6), 1)
    heavy = ("quiet", "good", "new", "warn", "bad")
    kept = thinned(checks, layout.columns * 2, lambda check: heavy.index(_tone(check)))
    strokes = [
        f'<rect class="{_tone(check)}" x="{round(time(check.now) - width / 2, 1)}" y="56" width="{width}" height="12"/>'
        for check in kept
    ]
    return f'<text class="end" x="{time.pixels.start - 8}" y="66">checks</text>{"".join(strokes)}'


def _columns(checks: Sequence[Check], time: Time, layout: Layout, bottom: float) -> str:
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
    if remains_worse(check):
        lines.append(f"the loss is {WORSE}")
    if check.drift_share is not None:
        lines.append(f"drifted features {check.drift_share:.0%}")
    if check.performance is not None:
        seen = check.performance
        interval = f"{number(seen.low)} to {number(seen.high)}"
        lines.append(f"{seen.loss_name} {number(seen.loss)} ({interval}), reference {number(seen.reference_loss)}")
    if check.estimated is not None and check.estimated.applicable:
        lines.append(f"{check.estimated.loss_name} {number(check.estimated.loss)} estimated without labels")
    return "\n".join(lines)


def _tone(check: Check) -> str:
    return tone_of(check.outcome, worse=remains_worse(check))


def _weight(check: Check) -> float:
    """What changed something is told rather than what was measured, and a high loss rather than a low one."""
    if check.retrain is not None or _tone(check) == "bad":
        return math.inf
    return check.performance.loss if check.performance else 0.0
