"""The loss over time under a few policies, and below it when each policy retrained and probed, as inline SVG. Pure."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import text
from driftloop.pipelines.backtest.charts import LAYOUTS, WIDE, Layout, drawn, levels_drawn, tone
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.site.scales import Scale, around, spread, ticks, time_ticks

SHOWN = ("never", "own", "best", "oracle")
HEIGHT, TOP = 210, 14


def timeline(study: Study) -> str:
    """The drawing for wide and for narrow screens: the style shows one of them."""
    return "".join(_drawn(study, layout) for layout in LAYOUTS)


def _drawn(study: Study, layout: Layout) -> str:
    played = study.windows[study.start :]
    left, right = (layout.left, layout.right + 96) if layout is WIDE else (48, 12)
    time = Scale(played[0].start.timestamp(), played[-1].end.timestamp(), left, layout.width - right)
    first = TOP + HEIGHT + 34
    shown = [study.oracle, *study.standings]
    bottom = first + layout.row * len(shown)
    parts = [
        f'<line class="grid" x1="{time(moment.timestamp())}" x2="{time(moment.timestamp())}" y1="{TOP}" y2="{bottom}"/>'
        f'<text class="mid" x="{time(moment.timestamp())}" y="{bottom + 18}">{word}</text>'
        for moment, word in time_ticks(played[0].start, played[-1].end, 10 if layout is WIDE else 4)
        if left + 12 < time(moment.timestamp()) < layout.width - right - 4
    ]
    parts += _losses(study, layout, time, left, right)
    parts += [_marks(one, study, layout, time, left, right, first + layout.row * at) for at, one in enumerate(shown)]
    return drawn(layout, bottom + 26, f"Loss of {len(played)} batches, and when each policy retrained", parts)


def _losses(study: Study, layout: Layout, time: Scale, left: int, right: int) -> list[str]:
    """A line each for never, the config's own, the recommended policy and the oracle; the last is drawn on top."""
    found = {tone(one, study): one for one in reversed((study.oracle, *study.standings))}
    lines = [(kind, found[kind]) for kind in SHOWN if kind in found]
    values = [loss for _, one in lines for loss in one.losses]
    levels = ticks(*around(min(values), max(values)))
    up = Scale(levels[0], levels[-1], TOP + HEIGHT, TOP)
    parts = levels_drawn(levels, up, left, layout.width - right)
    middles = [_middle(study, at) for at in range(study.played)]
    for kind, one in lines:
        points = (f"{time(moment.timestamp())} {up(loss)}" for moment, loss in zip(middles, one.losses, strict=True))
        parts.append(f'<g class="{kind}"><path class="line" d="M{"L".join(points)}"/></g>')
    if layout is WIDE:
        ends = spread([up(one.losses[-1]) for _, one in lines], 16, TOP, TOP + HEIGHT)
        words = {"own": "config", "best": "recommended"}
        x = layout.width - right + 8
        parts += [
            f'<g class="{kind}"><text class="label" x="{x}" y="{y + 4}">{words.get(kind, kind)}</text></g>'
            for (kind, _), y in zip(lines, ends, strict=True)
        ]
    return parts


def _marks(one: Standing, study: Study, layout: Layout, time: Scale, left: int, right: int, top: float) -> str:
    """One policy's line of marks: a triangle for a retrain, a small ring for a probe, at the end of their batch."""
    y = top + (layout.row / 2 if layout is WIDE else layout.row * 0.7)
    end = layout.width - right
    name = text(clipped(one.name, layout.letters))
    label = (
        f'<text class="end" x="{layout.left - 14}" y="{y + 4:g}">{name}</text>'
        if layout is WIDE
        else f'<text class="name" x="{layout.left}" y="{top + 13:g}">{name}</text>'
    )
    at = [time(study.windows[batch].end.timestamp()) for batch in one.schedule]
    rings = [time(study.windows[batch].end.timestamp()) for batch in one.probed]
    size = 5 if layout is WIDE else 4
    marks = [f'<circle class="probe" cx="{x}" cy="{y:g}" r="{size - 1.6:g}"/>' for x in rings]
    marks += [f'<path class="retrain" d="M{x} {y - size:g}l{size} {1.8 * size:g}h{-2 * size}z"/>' for x in at]
    told = f"{one.name}: {one.retrains} retrains, {one.probes} probes"
    count = f'<text class="end" x="{end + 36}" y="{y + 4:g}">{one.retrains}</text>' if layout is WIDE else ""
    return (
        f'<g class="{tone(one, study)}"><title>{text(told)}</title>{label}'
        f'<line class="grid" x1="{left}" x2="{end}" y1="{y:g}" y2="{y:g}"/>{"".join(marks)}{count}</g>'
    )


def _middle(study: Study, at: int) -> datetime:
    window = study.windows[study.start + at]
    return window.start + window.length / 2
