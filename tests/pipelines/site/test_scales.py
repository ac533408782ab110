"""Axes are readable and nothing that matters is thinned away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from driftloop.pipelines.site.scales import Scale, aligned, around, spread, thinned, tick_labels, ticks, time_ticks

numbers = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)


@example(696249014.0, 698250852.0)
@example(0.99999, 1.0)
@given(numbers, numbers)
def test_ticks_reach_around_the_values_and_are_few(a: float, b: float) -> None:
    """The first tick is at or below the lowest value, the last at or above the highest, in even steps."""
    low, high = min(a, b), max(a, b)
    if 0 < high - low < 1e-6 * max(abs(low), abs(high)):
        return  # closer together than a float can distinguish on an axis
    found = ticks(low, high)
    slack = 1e-6 * max(abs(low), abs(high), 1e-300)
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    assert 2 <= len(found) <= 8
    assert len(set(tick_labels(found))) == len(found)


@given(st.floats(0, 1e6, allow_subnormal=False), st.floats(0, 1e6, allow_subnormal=False))
def test_an_axis_holds_its_values_and_invents_no_negative_ones(a: float, b: float) -> None:
    """Losses are not below zero, and neither is their axis."""
    low, high = around(min(a, b), max(a, b))
    assert 0 <= low <= min(a, b) <= max(a, b) < high


@pytest.mark.parametrize("hours", [0.01, 1, 7, 30, 24 * 9, 24 * 45, 24 * 200, 24 * 900, 24 * 5000])
@pytest.mark.parametrize("most", [4, 12])
def test_times_are_named_by_few_different_words(hours: float, most: int) -> None:
    """From seconds to decades there are at least one and hardly more ticks than asked for, all within the span."""
    start = datetime(2025, 11, 17, 13, 20, tzinfo=UTC)
    end = start + timedelta(hours=hours)
    found = time_ticks(start, end, most)
    assert 1 <= len(found) <= most + 1
    assert all(start <= moment <= end for moment, _ in found)
    words = [word for _, word in found]
    assert all(one != other for one, other in pairwise(words))
    assert any(named in " ".join(words) for named in ("Nov", "20"))


@given(st.lists(st.integers(), max_size=400), st.integers(1, 50))
def test_thinning_keeps_order_and_the_peak(items: list[int], most: int) -> None:
    """At most this many are left, in their order, the largest among them; few items are left unchanged."""
    kept = thinned(items, most, float)
    assert len(kept) <= most
    assert (max(kept) if kept else None) == max(items, default=None)
    left = iter(items)
    assert all(one in left for one in kept)
    assert thinned(items, len(items) + 1, float) == items


@given(st.lists(st.floats(0, 200), min_size=1, max_size=5))
def test_labels_do_not_overlap(wanted: list[float]) -> None:
    """Labels are at least a line apart where there is room, and stay in it."""
    placed = spread(wanted, 14, 0, 200)
    ordered = sorted(placed)
    assert all(b - a > 13 for a, b in pairwise(ordered))
    assert 0 <= ordered[0] <= ordered[-1] <= 200


def test_a_column_of_numbers_has_one_number_of_decimals() -> None:
    """Numbers below each other can be compared at a glance; what is not a number is a blank."""
    assert aligned([1, 22.5, None, float("nan")], "-") == ["1.00", "22.50", "-", "-"]
    assert aligned([], "-") == []


def test_a_value_beyond_the_axis_stays_at_its_edge() -> None:
    """An infinite interval is drawn up to the edge and not beyond the picture."""
    assert Scale(0, 10, 100, 0)(float("inf")) == 0
