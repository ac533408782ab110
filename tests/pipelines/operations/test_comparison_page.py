"""The drawing of a column in two windows."""

from __future__ import annotations

import re

from driftloop.monitoring.report.histograms import Bin
from driftloop.pipelines.operations.comparison_page import HEIGHT, WIDTH, histogram


def test_bars_and_steps_stay_inside_and_long_names_are_cut() -> None:
    """The highest share of either side fills the height; a bin without rows is no negative bar."""
    bins = (Bin(name="a" * 60, earlier=0.0, later=1.0), Bin(name="b", earlier=0.5, later=0.0))
    drawing = histogram(bins, "<x>")
    bars = re.findall(r'class="before" x="[0-9.]+" y="([0-9.]+)" width="[0-9.]+" height="([0-9.]+)"', drawing)
    assert [tuple(map(float, one)) for one in bars] == [(76.0, 0.0), (38.0, 38.0)]
    steps = re.findall(r'class="after" d="([^"]+)"', drawing)[0]
    numbers = [float(one) for one in re.findall(r"[0-9.]+", steps)]
    assert max(numbers) <= max(WIDTH, HEIGHT)
    assert "a" * 21 + "…" in drawing
    assert f"{'a' * 60}: 0.0% earlier, 100.0% later" in drawing
    assert "<x>" not in drawing
