"""Regret by policy, the Pareto front and the signals as inline SVG. Pure: a study in, SVG out, all text escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import number, text
from driftloop.pipelines.backtest.signals import SignalRank
from driftloop.pipelines.backtest.standings import Standing
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.site.scales import Scale, around, spread, tick_labels, ticks


@dataclass(frozen=True)
class Layout:
    """One drawing: wide for a laptop, narrow for a phone. Pixels; on a phone names stand above their line."""

    name: str
    width: int
    left: int
    right: int
    row: int
    letters: int


WIDE = Layout("wide", width=1166, left=330, right=74, row=25, letters=46)
NARROW = Layout("narrow", width=344, left=16, right=58, row=38, letters=40)
LAYOUTS = (WIDE, NARROW)


def tone(one: Standing, study: Study) -> str:
    """The class that colours a policy, the same in every chart: best, own, never, oracle, or other."""
    found = study.recommendation
    if one.kind in {"own", "oracle"}:
        return one.kind
    if found is not None and one.name == found.name:
        return "best"
    return "never" if one.name == "never" else "other"


def drawn(layout: Layout, height: float, told: str, parts: Sequence[str]) -> str:
    """The whole drawing, with words for who cannot see it."""
    return (
        f'<svg class="chart {layout.name}" viewBox="0 0 {layout.width} {height:g}" role="img" '
        f'aria-label="{text(told)}">{"".join(parts)}</svg>\n'
    )


def levels_drawn(levels: Sequence[float], up: Scale, left: float, end: float) -> list[str]:
    """Lines across the plot at round values, zero stronger, with the values at their left."""
    return [
        f'<line class="{"axis" if level == 0 else "grid"}" x1="{left}" x2="{end}" y1="{up(level)}" y2="{up(level)}"/>'
        f'<text class="end" x="{left - 7}" y="{up(level) + 4}">{label}</text>'
        for level, label in zip(levels, tick_labels(levels), strict=True)
    ]


def _marks_drawn(marks: Sequence[float], across: Scale, y: float, unit: str = "") -> list[str]:
    """Values below the plot."""
    return [
        f'<text class="mid" x="{across(mark)}" y="{y:g}">{label}{unit}</text>'
        for mark, label in zip(marks, tick_labels(marks), strict=True)
    ]


def regrets(study: Study) -> str:
    """One line a policy: how many per cent it costs more than the oracle, with its interval."""
    return "".join(_regrets(study, layout) for layout in LAYOUTS)


def _regrets(study: Study, layout: Layout) -> str:
    shown = study.standings
    known = [one.high for one in shown if math.isfinite(one.high)] + [one.regret for one in shown]
    marks = ticks(0.0, max([*known, 1.0]), 6 if layout is WIDE else 4)
    lowest = min([0.0, *(one.low for one in shown if math.isfinite(one.low))])
    across = Scale(lowest, marks[-1], layout.left, layout.width - layout.right)
    bottom = 8 + layout.row * len(shown)
    parts = [f'<path class="{"axis" if mark == 0 else "grid"}" d="M{across(mark)} 4V{bottom}"/>' for mark in marks]
    parts += _marks_drawn(marks, across, bottom + 18, " %")
    parts += [_regret(one, study, layout, across, 8 + layout.row * at) for at, one in enumerate(shown)]
    return drawn(layout, bottom + 26, f"Regret of {len(shown)} policies over the oracle, in per cent", parts)


def _regret(one: Standing, study: Study, layout: Layout, across: Scale, top: float) -> str:
    y = top + (layout.row / 2 if layout is WIDE else layout.row * 0.72)
    name = text(clipped(one.name, layout.letters))
    kind = tone(one, study)
    strong = " strong" if kind in {"best", "own"} else ""
    label = (
        f'<text class="end{strong}" x="{layout.left - 14}" y="{y + 4:g}">{name}</text>'
        if layout is WIDE
        else f'<text class="name{strong}" x="{layout.left}" y="{top + 13:g}">{name}</text>'
    )
    told = f"{one.name}: {one.regret:.1f} % over the oracle, 95 % interval {one.low:.1f} to {one.high:.1f}"
    return (
        f'<g class="{kind}"><title>{text(told)}</title>{label}'
        f'<path class="whisker" d="M{across(one.low)} {y:g}H{across(one.high)}"/>'
        f'<circle class="dot" cx="{across(one.regret)}" cy="{y:g}" r="5"/>'
        f'<text class="end" x="{layout.width - 6}" y="{y + 4:g}">{one.regret:.1f} %</text></g>'
    )


def pareto(study: Study) -> str:
    """Loss against retrains: what a policy buys with how much work; the line joins those that nothing beats."""
    return "".join(_pareto(study, layout) for layout in LAYOUTS)


def _pareto(study: Study, layout: Layout) -> str:
    shown = [*study.standings, study.oracle]
    height, left, right = (320, 64, 310) if layout is WIDE else (280, 56, 16)
    marks = ticks(0, max(one.retrains for one in shown), 6 if layout is WIDE else 4)
    across = Scale(0, marks[-1], left, layout.width - right)
    levels = ticks(*around(min(one.loss for one in shown), max(one.loss for one in shown)))
    up = Scale(levels[0], levels[-1], height - 46, 12)
    parts = levels_drawn(levels, up, left, layout.width - right)
    parts += _marks_drawn(marks, across, height - 26)
    parts.append(f'<text class="end" x="{layout.width - right}" y="{height - 8}">retrains</text>')
    front = sorted({(one.retrains, one.loss) for one in study.standings if one.front})
    steps = f"M{across(front[0][0])} {up(front[0][1])}" + "".join(f"H{across(x)}V{up(y)}" for x, y in front[1:])
    parts.append(f'<path class="front" d="{steps}"/>')
    parts += [
        f'<g class="{tone(one, study)}">'
        f"<title>{text(one.name)}: {one.retrains} retrains, loss {number(one.loss)}</title>"
        f'<circle class="dot" cx="{across(one.retrains)}" cy="{up(one.loss)}" r="{5 if one.front else 4}"/></g>'
        for one in sorted(shown, key=lambda one: tone(one, study) != "other")
    ]
    if layout is WIDE:
        parts += _named(study, layout, across, up, right)
    return drawn(layout, height, "Loss against number of retrains, one point a policy", parts)


def _named(study: Study, layout: Layout, across: Scale, up: Scale, right: int) -> list[str]:
    """Names of the policies on the front, of the config's own and the oracle, beside the plot, each with a line."""
    told: dict[tuple[int, float], Standing] = {}
    for one in (*study.standings, study.oracle):
        if one.front or tone(one, study) in {"own", "best", "oracle"}:
            told.setdefault((one.retrains, one.loss), one)
    chosen = sorted(told.values(), key=lambda one: -one.loss)[-14:]
    places = spread([up(one.loss) for one in chosen], 17, 14, 282)
    begin = layout.width - right + 12
    return [
        f'<g class="{tone(one, study)}"><path class="lead" d="M{across(one.retrains) + 7} {up(one.loss)}L{begin} {y}"/>'
        f'<text class="label" x="{begin + 5}" y="{y + 4}">{text(clipped(one.name, 42))}</text></g>'
        for one, y in zip(chosen, places, strict=True)
    ]


def signals(study: Study) -> str:
    """A small plot a signal: its value across, the true gap upwards, and how well the one tells the other."""
    return f'<div class="panels">{"".join(_signal(one) for one in study.signals)}</div>\n'


def _signal(one: SignalRank) -> str:
    width, height, left = 360, 230, 46
    xs, ys = ([point[at] for point in one.points if math.isfinite(point[0])] for at in (0, 1))
    told = "it never changes" if one.correlation is None else f"rank correlation {one.correlation:.2f}"
    head = f'<figcaption><b>{text(one.name)}</b> <span class="soft">{told}</span></figcaption>'
    if not xs:
        return f'<figure>{head}<p class="soft">no value</p></figure>'
    # The ends of the axes leave out the outermost hundredth, which would press all others together.
    levels, marks = ticks(*_middle(ys), 4), ticks(*_middle(xs), 4)
    across, up = Scale(marks[0], marks[-1], left, width - 12), Scale(levels[0], levels[-1], height - 30, 10)
    parts = levels_drawn(levels, up, left, width - 12) + _marks_drawn(marks, across, height - 10)
    parts += [f'<circle class="point" cx="{across(x)}" cy="{up(y)}" r="2.4"/>' for x, y in zip(xs, ys, strict=True)]
    said = f"{one.name} against the gap: {told}"
    return (
        f'<figure>{head}<svg class="chart panel" viewBox="0 0 {width} {height}" role="img" aria-label="{text(said)}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _middle(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    aside = len(ordered) // 100
    return ordered[aside], ordered[-1 - aside]
