"""The rule that every loss is a finite number."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate.finite import Finite
from tests.pipelines.gate.examples import clear, evaluation, losses


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("whose", ["challenger", "champion"])
def test_one_row_is_enough_to_refuse(bad: float, whose: str) -> None:
    """The refusal names the model and counts its rows, also where the mean of the others is fine."""
    pair = {"challenger": losses(mean=0.1), "champion": losses()}
    pair[whose][[3, 7]] = bad
    vote = Finite().vote(evaluation(pair["challenger"], pair["champion"]))
    assert vote is not None
    assert vote.answer.code == "not_finite"
    assert f"the loss of the {whose} is not a finite number on 2 of 1,000 rows" in vote.reason


def test_a_baseline_that_is_not_the_opponent_does_not_matter() -> None:
    """With a champion the losses of the naive baseline are not compared."""
    pair = clear()
    pair.losses["naive baseline"][0] = np.nan
    assert Finite().vote(pair) is None
