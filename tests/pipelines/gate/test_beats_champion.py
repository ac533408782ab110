"""The rule that a challenger is significantly better than the champion."""

from __future__ import annotations

import pytest

from driftloop.pipelines.gate.beats_champion import BeatsChampion
from tests.pipelines.gate.examples import clear, evaluation, losses


@pytest.mark.parametrize(
    ("scale", "margin", "code"),
    [(0.5, 0.0, "better"), (0.5, 0.4, "better"), (0.5, 0.6, "not_better"), (1.0, 0.0, "tie"), (1.5, 0.0, "not_better")],
)
def test_the_challenger_has_to_be_better_by_the_margin(scale: float, margin: float, code: str) -> None:
    """Half the champion's loss passes a margin of 40% and not of 60%; the same loss is a tie."""
    vote = BeatsChampion(margin=margin).vote(evaluation(scale * losses(), losses()))
    assert vote is not None
    assert vote.answer.code == code
    assert vote.answer.passes == (code == "better")
    assert "(1,000 held-out rows): " in vote.reason


def test_chance_is_seldom_a_proof() -> None:
    """Of 100 challengers that are no better 2.5 should pass, and 8 hardly ever do, though 50 have the lower mean."""
    pairs = [evaluation(losses(seed=seed), losses(seed=seed + 1000)) for seed in range(100)]
    votes = [BeatsChampion(resamples=400).vote(pair) for pair in pairs]
    assert sum(vote.answer.passes for vote in votes if vote is not None) <= 8
    assert 30 <= sum(pair.mean("challenger") < pair.mean("champion") for pair in pairs) <= 70


def test_a_first_model_is_left_to_another_rule() -> None:
    """Without a champion the rule does not apply, however good the challenger is."""
    assert BeatsChampion().vote(clear(first=True)) is None
