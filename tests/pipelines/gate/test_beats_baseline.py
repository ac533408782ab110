"""The rule that a first model is significantly better than the naive baseline."""

from __future__ import annotations

import pytest

from driftloop.pipelines.gate.beats_baseline import BeatsBaseline
from tests.pipelines.gate.examples import clear, evaluation, losses


@pytest.mark.parametrize(("scale", "code"), [(0.5, "better"), (1.0, "tie"), (1.5, "worse_than_naive")])
def test_a_first_model_has_to_beat_a_constant(scale: float, code: str) -> None:
    """A model that is no better than the best constant does not become the first champion."""
    vote = BeatsBaseline().vote(evaluation(scale * losses(), losses(), first=True))
    assert vote is not None
    assert (vote.answer.code, vote.answer.passes) == (code, code == "better")
    assert ", naive baseline " in vote.reason


def test_with_a_champion_the_baseline_does_not_matter() -> None:
    """The champion is the opponent then, and this rule has no answer."""
    assert BeatsBaseline().vote(clear()) is None
