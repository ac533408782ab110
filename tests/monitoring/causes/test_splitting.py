"""Split of a rise: parts that are known by construction, intervals, and what cannot be split."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.causes import Rows, by_cells, split
from driftloop.monitoring.records import Split

N = 4000


def drawn(move: float, change: float, seed: int = 0) -> tuple[Rows, np.ndarray]:
    """Two sides with a binary value: it is 1 in 50% of the reference rows and in `move` more of the current ones.

    The loss is 1, or 3 where the value is 1; the current rows lose `change` more.
    """
    rng = np.random.default_rng(seed)
    current = np.arange(2 * N) >= N
    value = rng.random(2 * N) < np.where(current, 0.5 + move, 0.5)
    losses = 1 + 2 * value + change * current + rng.normal(0, 0.3, 2 * N)
    odds = np.where(value, (0.5 + move) / 0.5, (0.5 - move) / 0.5)
    share = odds / (1 + odds)
    expected = 1 + 2 * value + change * share
    return Rows(losses, current, share, expected), value.astype(np.intp)


def assert_holds(made: Split, harder: float, changed: float) -> None:
    """The intervals hold the true parts, and the parts add up to the rise."""
    assert made.harder.low < harder < made.harder.high
    assert made.changed.low < changed < made.changed.high
    assert made.harder.value + made.changed.value == pytest.approx(made.rise.value)


@pytest.mark.parametrize(("move", "change"), [(0.3, 0.0), (0.0, 0.5), (0.2, 0.5), (0.0, 0.0)])
def test_the_parts_are_those_that_were_planted(move: float, change: float) -> None:
    """Harder rows are the move times what the value costs, the changed relation is the change."""
    rows, value = drawn(move, change)
    assert_holds(split(rows), 2 * move, change)
    assert_holds(by_cells(rows, value), 2 * move, change)


def test_a_wrong_share_or_expectation_alone_does_no_harm() -> None:
    """Either may be useless where the other is right: the estimate is orthogonal to both."""
    rows, _ = drawn(0.3, 0.4)
    half = np.full(2 * N, 0.5)
    for one in (Rows(rows.losses, rows.current, rows.share, np.full(2 * N, rows.losses.mean())),):
        assert split(one).changed.value == pytest.approx(0.4, abs=0.1)
    blind = Rows(rows.losses, rows.current, half, rows.expected)
    assert abs(split(blind).changed.value - 0.4) < 0.5


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Over 100 draws the interval of the changed relation misses zero in about one of twenty."""
    missed = sum(not (s := split(drawn(0.3, 0.0, seed)[0]).changed).low <= 0 <= s.high for seed in range(100))
    assert missed <= 12


def test_common_rows_are_measured_and_a_unique_cell_explains_nothing() -> None:
    """Alike sides share all rows, separated ones none; ids as cells leave the whole rise to the relation."""
    rows, _ = drawn(0.0, 1.0)
    assert rows.common == pytest.approx(1.0)
    apart = Rows(rows.losses, rows.current, np.where(rows.current, 1.0, 0.0), rows.expected)
    assert apart.common == 0.0
    assert not split(apart).changed.significant
    assert by_cells(rows, np.arange(2 * N)).harder.value >= 0.0
    assert not rows.only(np.arange(2 * N) < N + 10).enough
