"""Rule: a first model is significantly better than the naive baseline."""

from __future__ import annotations

from typing import ClassVar

from driftloop.pipelines.gate.comparison import BETTER, TIE, Comparison, compare
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Vote
from driftloop.pipelines.gate.wording import WEAK

WORSE_THAN_NAIVE = Answer(
    "worse_than_naive", "the challenger is not significantly better than the best constant of the training rows", WEAK
)


class BeatsBaseline(Comparison):
    """Without a champion, the challenger must be significantly better than the best constant."""

    answers: ClassVar[tuple[Answer, ...]] = (BETTER, TIE, WORSE_THAN_NAIVE)

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Compare with the naive baseline where there is no champion."""
        return None if evaluation.opponent == "champion" else compare(evaluation, self, WORSE_THAN_NAIVE)
