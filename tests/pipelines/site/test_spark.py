"""A sparkline is drawn where there is a shape to draw."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from driftloop.pipelines.site.spark import sparkline


def test_a_sparkline_needs_two_points() -> None:
    """Gaps and infinite values are left out; a dot has no shape and is not drawn."""
    assert sparkline([None, 1.0, float("inf")], "loss", "x") == ""
    assert ET.fromstring(sparkline([1.0, None, 1.0], "loss", "<x>", line=float("inf"))).tag == "svg"
