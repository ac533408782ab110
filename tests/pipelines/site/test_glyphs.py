"""Marks differ in shape."""

from __future__ import annotations

import re

from driftloop.pipelines.site.glyphs import WORDS, glyph


def test_marks_differ_by_shape() -> None:
    """A reader who cannot distinguish the colors can distinguish the marks."""
    shapes = [glyph(kind, 0, 0) for kind in WORDS]
    assert len({re.sub(r'class="[^"]*"', "", shape) for shape in shapes}) == len(WORDS)
