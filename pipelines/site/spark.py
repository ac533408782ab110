"""A sparkline: the shape of one series in the room of a word. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from driftloop.pipelines.site.scales import Scale, thinned

WIDTH, HEIGHT = 84, 24


def sparkline(values: Sequence[float | None], kind: str, title: str, line: float | None = None) -> Markup:
    """Draw the values from left to right without gaps; `line` is a dashed level to compare them with.

    Empty with fewer than two values: a dot has no shape.
    """
    line = None if line is None or not math.isfinite(line) else line
    known = [(at, value) for at, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return Markup()
    heights = [value for _, value in known] + ([] if line is None else [line])
    low, high = min(heights), max(heights)
    y = Scale(low, high if high > low else low + 1, HEIGHT - 3, 3)
    x = Scale(known[0][0], known[-1][0], 2, WIDTH - 4)
    drawn = thinned(known, WIDTH, lambda one: one[1])
    path = "M" + "L".join(f"{x(at)} {y(value)}" for at, value in drawn)
    level = Markup('<path class="reference" d="M2 {}H{}"/>').format(y(line), WIDTH - 4) if line is not None else ""
    return Markup(
        '<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="{title}"><title>{title}</title>{level}<path class="{kind}" d="{path}"/>'
        '<circle class="{kind}" cx="{x}" cy="{y}" r="2.2"/></svg>'
    ).format(
        width=WIDTH, height=HEIGHT, title=title, level=level, kind=kind, path=path, x=x(known[-1][0]), y=y(known[-1][1])
    )
