"""The drawing that both heat maps share."""

from __future__ import annotations

import re
from datetime import timedelta

from driftloop.pipelines.site.heat_grid import WIDE, Cell, Line, drawn
from tests.outcomes import made
from tests.streams import day


def test_quiet_neighbors_are_one_shape_and_missing_cells_none() -> None:
    """Quiet cells show nothing on hover; others do; all text is escaped; the values at the end fit into the drawing."""
    checks = [made(check_id=f"c{at}", now=day(7) + timedelta(days=at)) for at in range(5)]
    quiet, hot = Cell("quiet", "q"), Cell("hot", "<b>9</b>")
    full = "> 999x  (0.000123 of 0.000123)"
    line = Line("<name>", "<name>", True, [quiet, quiet, None, hot, quiet], "9x", full)
    drawing = drawn("t", checks, [line], "quiet", WIDE)
    assert re.findall(r'class="(quiet|hot)"', drawing) == ["quiet", "hot", "quiet"]
    assert "<title>&lt;b&gt;9&lt;/b&gt;</title>" in drawing
    assert "&lt;name&gt;" in drawing
    alike = [Line(f"{'x' * 90}{n}", f"{'x' * 90}{n}", False, [hot] * 5, "", "") for n in range(2)]
    assert len(set(re.findall(r"</title>(x+…x+[01])</text>", drawn("t", checks, alike, "quiet", WIDE)))) == 2
    wide = [made(check_id=f"c{at}", now=day(7) + timedelta(days=at)) for at in range(60)]
    longest = drawn("t", wide, [Line("n", "n", True, [hot] * 60, "9x", full)], "quiet", WIDE)
    end = max(float(x) for x in re.findall(r'<text class="strong" x="([0-9.]+)"', longest))
    assert end + 6 * len(full) <= WIDE.width
