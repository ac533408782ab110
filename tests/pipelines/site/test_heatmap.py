"""The heat map: each column's score relative to its threshold over the checks."""

from __future__ import annotations

import math
import re
from datetime import timedelta

import pytest

from driftloop.monitoring.records import Check, ColumnScore
from driftloop.pipelines.site.heat_grid import NARROW, WIDE
from driftloop.pipelines.site.heatmap import MOST_COLUMNS, heatmap, step_of
from tests.outcomes import made
from tests.streams import day


def score(name: str, value: float, threshold: float = 0.1, drifted: bool | None = None) -> ColumnScore:
    over = value > threshold if drifted is None else drifted
    return ColumnScore(
        name=name, role="feature", kind="numeric", method="ks", score=value, threshold=threshold, drifted=over
    )


def checks(*each: dict[str, float], champions: str = "") -> list[Check]:
    return [
        made(
            check_id=f"c{at}",
            now=day(7) + timedelta(days=at),
            columns=tuple(score(name, value) for name, value in values.items()),
            champion=champions[at] if champions else "1",
        )
        for at, values in enumerate(each)
    ]


def wide_of(drawing: str) -> str:
    return drawing[: drawing.index('class="chart heat narrow"')]


@pytest.mark.parametrize(
    ("value", "threshold", "drifted", "step"),
    [
        (0.04, 0.1, None, "heat0"),
        (0.08, 0.1, None, "heat1"),
        (0.15, 0.1, None, "heat2"),
        (0.35, 0.1, None, "heat3"),
        (0.90, 0.1, None, "heat4"),
        (0.15, 0.1, False, "heat1"),
        (0.1, 0.0, None, "heat4"),
        (0.0, 0.0, None, "heat0"),
        (math.nan, 0.1, False, None),
    ],
)
def test_a_cell_shows_what_the_check_decided(
    value: float, threshold: float, drifted: bool | None, step: str | None
) -> None:
    """A column that the check did not count as drifted is never hot; a score that could not be computed has no cell."""
    assert step_of(score("fare", value, threshold, drifted)) == step


def test_columns_are_ordered_by_the_newest_check() -> None:
    """A column that only earlier checks had comes last; the newest values are at the end of the rows."""
    heat = heatmap(checks({"a": 0.05, "old": 0.9}, {"a": 0.06, "b": 0.31}))
    assert heat is not None
    wide = wide_of(heat.drawing)
    assert re.findall(r"<title>(\w+)</title>", wide) == ["b", "a", "old"]
    assert "3.1x  (0.31 of 0.1)" in wide
    assert f"b, {day(8):%Y-%m-%d}: ks 0.31, threshold 0.1 (3.1x)" in wide
    assert [kind for kind, _ in heat.legend] == ["heat0", "heat1", "heat3", "heat4"]


def test_another_version_is_marked() -> None:
    """Its reference is another one, so scores before and after are not comparable."""
    heat = heatmap(checks({"a": 0.05}, {"a": 0.05}, {"a": 0.05}, champions="112"))
    assert heat is not None
    assert wide_of(heat.drawing).count('class="change"') == 1
    assert "the reference of version 2" in heat.drawing


def test_many_checks_and_columns_stay_small() -> None:
    """Peaks and the newest check stay in the drawing; the remark has the number of columns; quiet cells are joined."""
    values = [{f"c{column:03}": 0.02 for column in range(80)} for _ in range(500)]
    values[123]["c079"] = 0.95
    heat = heatmap(checks(*values))
    assert heat is not None
    assert f"{MOST_COLUMNS} of 80 columns" in heat.remark
    assert "c079, " in heat.drawing
    assert heat.drawing.count('class="heat4"') == 2
    assert len(heat.drawing) < 60_000
    hot = heatmap(checks(*[{f"c{column:03}": 0.5 for column in range(80)} for _ in range(500)]))
    assert hot is not None
    assert hot.drawing.count('class="heat4"') == MOST_COLUMNS * (WIDE.checks + NARROW.checks)
    assert len(hot.drawing) < 500_000


def test_without_scores_there_is_no_drawing() -> None:
    """A model whose checks all ended early has no section."""
    assert heatmap([]) is None
    assert heatmap([made(outcome="no_data", decision=None)]) is None
