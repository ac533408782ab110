"""Marks are told apart by their shape."""

from __future__ import annotations

import re

from driftloop.pipelines.site.glyphs import WORDS, glyph, legend


def test_marks_differ_by_shape() -> None:
    """Whoever cannot tell the colours apart can tell the marks apart."""
    shapes = [glyph(kind, 0, 0) for kind in WORDS]
    assert len({re.sub(r'class="[^"]*"', "", shape) for shape in shapes}) == len(WORDS)
    assert legend([]) == ""
    assert legend(["failed", "failed"]).count("<li>") == 1
