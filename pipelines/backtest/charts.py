"""Regret by policy, the Pareto front and the signals as inline SVG. Pure: a study in, SVG out, all text escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import number
from driftloop.pipelines.backtest.signals import SignalRank
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.site.scales import Scale, around, spread, tick_labels, ticks


@dataclass(frozen=True)
class Layout:
    """One drawing: wide for a laptop, narrow for a phone. Pixels; on a phone names are above their line."""

    name: str
    width: int
    left: int
    right: int
    row: int
    letters: int


WIDE = Layout("wide", width=1166, left=330, right=74, row=25, letters=46)
NARROW = Layout("narrow", width=344, left=16, right=58, row=38, letters=40)
LAYOUTS = (WIDE, NARROW)
NOTHING = Markup("")


def tone(one: Standing, study: Study) -> str:
    """The class that colors a policy, the same in every chart: best, own, never, oracle, or other."""
    found = study.recommendation
    if one.kind in {"own", "oracle"}:
        return one.kind
    if found is not None and one.name == found.name:
        return "best"
    return "never" if one.name == "never" else "other"


def drawn(layout: Layout, height: float, title: str, parts: Sequence[Markup]) -> Markup:
    """Return the whole drawing, with a title for readers who cannot see it."""
    return Markup('<svg class="chart {}" viewBox="0 0 {} {:g}" role="img" aria-label="{}">{}</svg>\n').format(
        layout.name, layout.width, height, title, NOTHING.join(parts)
    )


def levels_drawn(levels: Sequence[float], up: Scale, left: float, end: float) -> list[Markup]:
    """Draw lines across the plot at round values, zero stronger, with the values at their left."""
    return [
        Markup(
            '<line class="{kind}" x1="{left}" x2="{end}" y1="{y}" y2="{y}"/>'
            '<text class="end" x="{at}" y="{below}">{label}</text>'
        ).format(
            kind="axis" if level == 0 else "grid",
            left=left,
            end=end,
            y=up(level),
            at=left - 7,
            below=up(level) + 4,
            label=label,
        )
        for level, label in zip(levels, tick_labels(levels), strict=True)
    ]


def _marks_drawn(marks: Sequence[float], across: Scale, y: float, unit: str = "") -> list[Markup]:
    """Draw values below the plot."""
    return [
        Markup('<text class="mid" x="{}" y="{:g}">{}{}</text>').format(across(mark), y, label, unit)
        for mark, label in zip(marks, tick_labels(marks), strict=True)
    ]


def regrets(study: Study) -> Markup:
    """Draw one line per policy: how many percent it costs more than the oracle, with its interval."""
    return NOTHING.join(_regrets(study, layout) for layout in LAYOUTS)


def _regrets(study: Study, layout: Layout) -> Markup:
    shown = study.standings
    known = [one.high for one in shown if math.isfinite(one.high)] + [one.regret for one in shown]
    marks = ticks(0.0, max([*known, 1.0]), 6 if layout is WIDE else 4)
    lowest = min([0.0, *(one.low for one in shown if math.isfinite(one.low))])
    across = Scale(lowest, marks[-1], layout.left, layout.width - layout.right)
    bottom = 8 + layout.row * len(shown)
    parts = [
        Markup('<path class="{}" d="M{} 4V{}"/>').format("axis" if mark == 0 else "grid", across(mark), bottom)
        for mark in marks
    ]
    parts += _marks_drawn(marks, across, bottom + 18, "%")
    parts += [_regret(one, study, layout, across, 8 + layout.row * at) for at, one in enumerate(shown)]
    return drawn(layout, bottom + 26, f"Regret of {len(shown)} policies over the oracle, in percent", parts)


def _regret(one: Standing, study: Study, layout: Layout, across: Scale, top: float) -> Markup:
    y = top + (layout.row / 2 if layout is WIDE else layout.row * 0.72)
    name = clipped(one.name, layout.letters)
    kind = tone(one, study)
    strong = " strong" if kind in {"best", "own"} else ""
    title = f"{one.name}: {one.regret:.1f}% over the oracle, 95% CI {one.low:.1f} to {one.high:.1f}"
    return Markup(
        '<g class="{kind}"><title>{title}</title>{label}<path class="whisker" d="M{low} {y:g}H{high}"/>'
        '<circle class="dot" cx="{middle}" cy="{y:g}" r="5"/>'
        '<text class="end" x="{right}" y="{below:g}">{regret:.1f}%</text></g>'
    ).format(
        kind=kind,
        title=title,
        label=line_name(name, layout, y, top, strong),
        low=across(one.low),
        high=across(one.high),
        middle=across(one.regret),
        y=y,
        right=layout.width - 6,
        below=y + 4,
        regret=one.regret,
    )


def line_name(name: str, layout: Layout, y: float, top: float, strong: str = "") -> Markup:
    """Write the name of a policy: to the left of its line, on a phone above it."""
    if layout is WIDE:
        return Markup('<text class="end{}" x="{}" y="{:g}">{}</text>').format(strong, layout.left - 14, y + 4, name)
    return Markup('<text class="name{}" x="{}" y="{:g}">{}</text>').format(strong, layout.left, top + 13, name)


def pareto(study: Study) -> Markup:
    """Draw loss against the number of retrains; the line is the Pareto front."""
    return NOTHING.join(_pareto(study, layout) for layout in LAYOUTS)


def _pareto(study: Study, layout: Layout) -> Markup:
    shown = [*study.standings, study.oracle]
    height, left, right = (320, 64, 310) if layout is WIDE else (280, 56, 16)
    marks = ticks(0, max(one.retrains for one in shown), 6 if layout is WIDE else 4)
    across = Scale(0, marks[-1], left, layout.width - right)
    levels = ticks(*around(min(one.loss for one in shown), max(one.loss for one in shown)))
    up = Scale(levels[0], levels[-1], height - 46, 12)
    parts = levels_drawn(levels, up, left, layout.width - right)
    parts += _marks_drawn(marks, across, height - 26)
    parts.append(Markup('<text class="end" x="{}" y="{}">retrains</text>').format(layout.width - right, height - 8))
    front = sorted({(one.retrains, one.loss) for one in study.standings if one.front})
    steps = f"M{across(front[0][0])} {up(front[0][1])}" + "".join(f"H{across(x)}V{up(y)}" for x, y in front[1:])
    parts.append(Markup('<path class="front" d="{}"/>').format(steps))
    parts += [
        Markup(
            '<g class="{}"><title>{}: {} retrains, loss {}</title><circle class="dot" cx="{}" cy="{}" r="{}"/></g>'
        ).format(
            tone(one, study),
            one.name,
            one.retrains,
            number(one.loss),
            across(one.retrains),
            up(one.loss),
            5 if one.front else 4,
        )
        for one in sorted(shown, key=lambda one: tone(one, study) != "other")
    ]
    if layout is WIDE:
        parts += _named(study, layout, across, up, right)
    return drawn(layout, height, "Loss against number of retrains, one point per policy", parts)


def _named(study: Study, layout: Layout, across: Scale, up: Scale, right: int) -> list[Markup]:
    """Write the names of the policies on the front, of the config's own and of the oracle, each with a line to it."""
    named: dict[tuple[int, float], Standing] = {}
    for one in (*study.standings, study.oracle):
        if one.front or tone(one, study) in {"own", "best", "oracle"}:
            named.setdefault((one.retrains, one.loss), one)
    chosen = sorted(named.values(), key=lambda one: -one.loss)[-14:]
    places = spread([up(one.loss) for one in chosen], 17, 14, 282)
    begin = layout.width - right + 12
    return [
        Markup(
            '<g class="{}"><path class="lead" d="M{} {}L{} {}"/><text class="label" x="{}" y="{}">{}</text></g>'
        ).format(
            tone(one, study),
            across(one.retrains) + 7,
            up(one.loss),
            begin,
            y,
            begin + 5,
            y + 4,
            clipped(one.name, 42),
        )
        for one, y in zip(chosen, places, strict=True)
    ]


@dataclass(frozen=True)
class Panel:
    """A small plot of one signal, with its name and how well it predicts the gain. Empty where it has no value."""

    name: str
    remark: str
    drawing: Markup


def signals(study: Study) -> list[Panel]:
    """Draw one plot per signal: its value across, the true gap upwards."""
    return [_signal(one) for one in study.signals]


def _signal(one: SignalRank) -> Panel:
    width, height, left = 360, 230, 46
    xs, ys = ([point[at] for point in one.points if math.isfinite(point[0])] for at in (0, 1))
    remark = "it never changes" if one.correlation is None else f"rank correlation {one.correlation:.2f}"
    if not xs:
        return Panel(one.name, remark, NOTHING)
    # The ends of the axes leave out the outermost hundredth, which would press all others together.
    levels, marks = ticks(*_middle(ys), 4), ticks(*_middle(xs), 4)
    across, up = Scale(marks[0], marks[-1], left, width - 12), Scale(levels[0], levels[-1], height - 30, 10)
    parts = levels_drawn(levels, up, left, width - 12) + _marks_drawn(marks, across, height - 10)
    parts += [
        Markup('<circle class="point" cx="{}" cy="{}" r="2.4"/>').format(across(x), up(y))
        for x, y in zip(xs, ys, strict=True)
    ]
    title = f"{one.name} against the gap: {remark}"
    drawing = Markup('<svg class="chart panel" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, NOTHING.join(parts)
    )
    return Panel(one.name, remark, drawing)


def _middle(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    aside = len(ordered) // 100
    return ordered[aside], ordered[-1 - aside]
