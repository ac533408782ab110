"""Drawn rows are the same for the same seed, even over time, and keep the shares of the classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.data.drawing import drawn, evenly


@given(rows=st.integers(0, 5000), most=st.integers(1, 700), seed=st.integers(0, 9))
def test_places_are_distinct_and_in_order(rows: int, most: int, seed: int) -> None:
    """No more than asked for, rising, none twice, and all of few rows."""
    for places in (drawn(rows, most, seed), evenly(rows, most)):
        assert len(places) <= most
        assert (np.diff(places) > 0).all()
        assert len(places) == 0 or (places[0] >= 0 and places[-1] < rows)
    assert rows > most or drawn(rows, most, seed).tolist() == list(range(rows))


@pytest.mark.parametrize("parts", [4, 50])
def test_every_part_of_the_time_is_drawn_alike(parts: int) -> None:
    """Each stretch of the rows has its share, and the same seed the same rows."""
    places = drawn(1_000_003, 10_000, 3)
    counts = np.histogram(places, bins=parts)[0]
    assert np.ptp(counts) <= 2
    assert np.array_equal(places, drawn(1_000_003, 10_000, 3))
    assert not np.array_equal(places, drawn(1_000_003, 10_000, 4))


def test_classes_keep_their_shares_over_time() -> None:
    """A rare class is drawn by its share, in both halves of the time; one that has few rows is never lost."""
    classes = np.zeros(100_000, dtype=np.int64)
    classes[::50], classes[7] = 1, 2
    places = drawn(100_000, 5_000, 0, classes)
    rare = places[classes[places] == 1]
    assert len(rare) == 100
    assert (rare < 50_000).sum() == 50
    assert 7 in places
    assert len(places) <= 5_001
