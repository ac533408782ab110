"""The loss over time under a few policies, and below it when each policy retrained and probed, as inline SVG. Pure."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from driftloop.monitoring.errors import clipped
from driftloop.pipelines.backtest.charts import LAYOUTS, NOTHING, WIDE, Layout, drawn, levels_drawn, line_name, tone
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.site.scales import Scale, around, spread, ticks, time_ticks

SHOWN = ("never", "own", "best", "oracle")
HEIGHT, TOP = 210, 14


def timeline(study: Study) -> Markup:
    """Draw the chart for wide and for narrow screens: the style shows one of them."""
    return NOTHING.join(_drawn(study, layout) for layout in LAYOUTS)


def _drawn(study: Study, layout: Layout) -> Markup:
    played = study.windows[study.start :]
    left, right = (layout.left, layout.right + 96) if layout is WIDE else (48, 12)
    time = Scale(played[0].start.timestamp(), played[-1].end.timestamp(), left, layout.width - right)
    first = TOP + HEIGHT + 34
    shown = [study.oracle, *study.standings]
    bottom = first + layout.row * len(shown)
    parts = [
        Markup(
            '<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
            '<text class="mid" x="{x}" y="{below}">{word}</text>'
        ).format(x=time(moment.timestamp()), top=TOP, bottom=bottom, below=bottom + 18, word=word)
        for moment, word in time_ticks(played[0].start, played[-1].end, 10 if layout is WIDE else 4)
        if left + 12 < time(moment.timestamp()) < layout.width - right - 4
    ]
    parts += _losses(study, layout, time, left, right)
    parts += [_marks(one, study, layout, time, left, right, first + layout.row * at) for at, one in enumerate(shown)]
    return drawn(layout, bottom + 26, f"Loss of {len(played)} batches, and when each policy retrained", parts)


def _losses(study: Study, layout: Layout, time: Scale, left: int, right: int) -> list[Markup]:
    """Draw a line each for never, the config's own, the recommended policy and the oracle; the last is drawn on top."""
    found = {tone(one, study): one for one in reversed((study.oracle, *study.standings))}
    lines = [(kind, found[kind]) for kind in SHOWN if kind in found]
    values = [loss for _, one in lines for loss in one.losses]
    levels = ticks(*around(min(values), max(values)))
    up = Scale(levels[0], levels[-1], TOP + HEIGHT, TOP)
    parts = levels_drawn(levels, up, left, layout.width - right)
    middles = [_middle(study, at) for at in range(study.played)]
    for kind, one in lines:
        points = (f"{time(moment.timestamp())} {up(loss)}" for moment, loss in zip(middles, one.losses, strict=True))
        parts.append(Markup('<g class="{}"><path class="line" d="M{}"/></g>').format(kind, "L".join(points)))
    if layout is WIDE:
        ends = spread([up(one.losses[-1]) for _, one in lines], 16, TOP, TOP + HEIGHT)
        words = {"own": "config", "best": "recommended"}
        x = layout.width - right + 8
        parts += [
            Markup('<g class="{}"><text class="label" x="{}" y="{}">{}</text></g>').format(
                kind, x, y + 4, words.get(kind, kind)
            )
            for (kind, _), y in zip(lines, ends, strict=True)
        ]
    return parts


def _marks(one: Standing, study: Study, layout: Layout, time: Scale, left: int, right: int, top: float) -> Markup:
    """Draw one policy's line of marks: a triangle for a retrain, a small ring for a probe, at the end of the batch."""
    y = top + (layout.row / 2 if layout is WIDE else layout.row * 0.7)
    end = layout.width - right
    label = line_name(clipped(one.name, layout.letters), layout, y, top)
    at = [time(study.windows[batch].end.timestamp()) for batch in one.schedule]
    rings = [time(study.windows[batch].end.timestamp()) for batch in one.probed]
    size = 5 if layout is WIDE else 4
    ring = Markup('<circle class="probe" cx="{}" cy="{:g}" r="{:g}"/>')
    triangle = Markup('<path class="retrain" d="M{} {:g}l{} {:g}h{}z"/>')
    marks = [ring.format(x, y, size - 1.6) for x in rings]
    marks += [triangle.format(x, y - size, size, 1.8 * size, -2 * size) for x in at]
    title = f"{one.name}: {one.retrains} retrains, {one.probes} probes"
    count = Markup('<text class="end" x="{}" y="{:g}">{}</text>').format(end + 36, y + 4, one.retrains)
    return Markup(
        '<g class="{kind}"><title>{title}</title>{label}'
        '<line class="grid" x1="{left}" x2="{end}" y1="{y:g}" y2="{y:g}"/>{marks}{count}</g>'
    ).format(
        kind=tone(one, study),
        title=title,
        label=label,
        left=left,
        end=end,
        y=y,
        marks=NOTHING.join(marks),
        count=count if layout is WIDE else NOTHING,
    )


def _middle(study: Study, at: int) -> datetime:
    window = study.windows[study.start + at]
    return window.start + window.length / 2
