"""Marks of the timeline. They differ in shape, not in color alone. Pure."""

from __future__ import annotations

from markupsafe import Markup

from driftloop.pipelines.site.history import MarkKind

WORDS: dict[MarkKind, str] = {
    "promoted": "promoted",
    "rejected": "rejected",
    "switched_back": "switched back",
    "recalibrated": "recalibrated",
    "waiting": "waits for approval",
    "shadowing": "in shadow",
    "failed": "retrain failed",
    "rolled_back": "rolled back",
    "healed": "champion restored",
    "moved": "champion set manually",
}


def glyph(kind: MarkKind, x: float, y: float, size: float = 6) -> Markup:
    """Return the mark of one kind with its middle at a point; `size` is half its height.

    >>> glyph("failed", 10, 10)
    Markup('<path class="mark failed" d="M5.5 5.5h9.0v9.0h-9.0z"/>')
    """
    s, t = size, 0.75 * size
    shapes = {
        "promoted": f"M{x} {y - s}l{s} {1.75 * s}h{-2 * s}z",
        "waiting": f"M{x} {y + s}l{s} {-1.75 * s}h{-2 * s}z",
        "shadowing": f"M{x - t} {y - t}h{2 * t}v{2 * t}h{-2 * t}zM{x - t} {y + t}L{x + t} {y - t}",
        "rejected": f"M{x - t} {y - t}l{2 * t} {2 * t}M{x + t} {y - t}l{-2 * t} {2 * t}",
        "failed": f"M{x - t} {y - t}h{2 * t}v{2 * t}h{-2 * t}z",
        "rolled_back": f"M{x - s} {y}l{1.75 * s} {-s}v{2 * s}z",
        "switched_back": f"M{x + s} {y}l{-1.75 * s} {-s}v{2 * s}z",
        "recalibrated": f"M{x} {y - s}l{s} {s}h{-2 * s}zM{x - s} {y + t}h{2 * s}",
        "healed": f"M{x - t} {y}h{2 * t}M{x} {y - t}v{2 * t}",
        "moved": f"M{x} {y - s}l{s} {s}l{-s} {s}l{-s} {-s}z",
    }
    return Markup('<path class="mark {}" d="{}"/>').format(kind, shapes[kind])
