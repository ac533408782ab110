"""How many spans are written together."""

from __future__ import annotations

from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.groups import ROWS, SPANS, Groups
from tests.streams import day


def sizes(days: list[int], rows_a_day: int, waiting: float = 0.0) -> list[int]:
    groups, found = Groups(Window(start=day(n), end=day(n + 1)) for n in days), []
    for group in groups:
        found.append(len(group))
        groups.measured(len(group), rows_a_day * len(group), waiting, working=1.0)
    assert groups.last
    return found


def test_groups_grow_to_the_target_and_not_across_a_gap() -> None:
    """Few rows a day are many days; more rows than a group are a day; adjacent spans only."""
    assert sizes(list(range(20)), ROWS // 4) == [1, 4, 4, 4, 4, 3]
    assert sizes(list(range(3)), ROWS * 2) == [1, 1, 1]
    assert sizes([0, 1, 2, 9, 10], 1) == [1, 2, 2]
    assert sizes(list(range(1000)), 0) == [1, 8, 64, SPANS, SPANS, 195]


def test_groups_are_larger_where_reading_takes_longest() -> None:
    """Each group scans the source; twice the rows are half the scans."""
    assert sizes(list(range(20)), ROWS // 2, waiting=5.0) == [1, 4, 8, 7]
