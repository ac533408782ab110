"""What the gate judges: losses of the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate.evaluation import Evaluation
from tests.pipelines.gate.examples import evaluation, losses


def test_the_champion_is_the_opponent_where_there_is_one() -> None:
    """Without a champion it is the naive baseline; a difference is positive where the challenger is better."""
    pair = evaluation(np.array([1.0, 2.0]), np.array([3.0, 1.0]))
    first = evaluation(np.array([1.0, 2.0]), np.array([3.0, 1.0]), first=True)
    assert (pair.opponent, first.opponent) == ("champion", "naive baseline")
    assert pair.differences.tolist() == [2.0, -1.0]
    assert pair.known_mean("champion") == 2.0
    assert first.known_mean("champion") is None


def test_a_tie_is_equal_on_every_row() -> None:
    """Equal means are no tie: the order of the rows counts."""
    assert evaluation(losses(), losses()).tied
    assert not evaluation(np.array([1.0, 2.0]), np.array([2.0, 1.0])).tied


def test_a_mean_that_is_not_a_number_is_unknown() -> None:
    """One infinite loss, or no rows at all, and no mean is recorded."""
    bad = losses()
    bad[0] = np.inf
    assert evaluation(bad, losses()).known_mean("challenger") is None
    assert evaluation(losses(0), losses(0)).known_mean("challenger") is None


@pytest.mark.parametrize("missing", ["challenger", "opponent"])
def test_both_sides_are_needed(missing: str) -> None:
    """A challenger alone, or two models without one, is a mistake of the caller."""
    sides = {"challenger": losses(3)} if missing == "opponent" else {"champion": losses(3), "naive baseline": losses(3)}
    with pytest.raises(ValueError, match="a challenger and an opponent"):
        Evaluation(sides, np.zeros(3, np.uint64), np.zeros(3, "datetime64[s]"))  # type: ignore[arg-type]
