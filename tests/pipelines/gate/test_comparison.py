"""The comparison of a challenger with its opponent, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate.beats_champion import NOT_BETTER, BeatsChampion
from driftloop.pipelines.gate.comparison import compare
from tests.pipelines.gate.examples import evaluation, losses


def test_the_lower_end_of_the_interval_decides() -> None:
    """A margin just below the lower end passes, just above it does not: the mean itself decides nothing."""
    pair = evaluation(losses(seed=1), losses(mean=1.2, seed=2))
    low = compare(pair, BeatsChampion(), NOT_BETTER).interval
    assert low is not None
    share = low[1] / pair.mean("champion")
    assert 0 < share < low[0] / pair.mean("champion")
    votes = [compare(pair, BeatsChampion(margin=share * factor), NOT_BETTER).answer.passes for factor in (0.999, 1.001)]
    assert votes == [True, False]


def test_more_confidence_asks_for_more() -> None:
    """The interval of 99.9% is wider than that of 90%, so fewer challengers pass."""
    pair = evaluation(losses(seed=1), losses(mean=1.1, seed=2))
    intervals = [compare(pair, BeatsChampion(confidence=share), NOT_BETTER).interval for share in (0.9, 0.999)]
    (_, low, high), (_, lower, higher) = (one for one in intervals if one is not None)
    assert lower < low < high < higher


def test_an_opponent_without_loss_is_compared_in_units_of_the_loss() -> None:
    """No share of zero is shown: the difference is a number."""
    vote = compare(evaluation(losses(), np.zeros(1000)), BeatsChampion(), NOT_BETTER)
    assert vote.answer is NOT_BETTER
    assert " worse (95% CI " in vote.reason
    assert "% worse" not in vote.reason


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_the_same_seed_gives_the_same_interval(scale: float) -> None:
    """The interval is a function of the losses and the keys."""
    pair = evaluation(scale * losses(seed=1), losses(seed=2))
    first, second, other = (compare(pair, BeatsChampion(seed=seed), NOT_BETTER).interval for seed in (0, 0, 1))
    assert first == second != other
