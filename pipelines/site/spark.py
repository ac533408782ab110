"""A sparkline: the shape of one series in the room of a word. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from driftloop.monitoring.presentation.markup import text
from driftloop.pipelines.site.scales import Scale, thinned

WIDTH, HEIGHT = 84, 24


def sparkline(values: Sequence[float | None], kind: str, told: str, line: float | None = None) -> str:
    """The values from left to right, gaps left out; `line` is a dashed level to hold them against.

    Empty with fewer than two values: a dot has no shape.
    """
    line = None if line is None or not math.isfinite(line) else line
    known = [(at, value) for at, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return ""
    heights = [value for _, value in known] + ([] if line is None else [line])
    low, high = min(heights), max(heights)
    y = Scale(low, high if high > low else low + 1, HEIGHT - 3, 3)
    x = Scale(known[0][0], known[-1][0], 2, WIDTH - 4)
    drawn = thinned(known, WIDTH, lambda one: one[1])
    path = "M" + "L".join(f"{x(at)} {y(value)}" for at, value in drawn)
    level = "" if line is None else f'<path class="reference" d="M2 {y(line)}H{WIDTH - 4}"/>'
    end = f'<circle class="{kind}" cx="{x(known[-1][0])}" cy="{y(known[-1][1])}" r="2.2"/>'
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{text(told)}"><title>{text(told)}</title>{level}<path class="{kind}" d="{path}"/>{end}</svg>'
    )
