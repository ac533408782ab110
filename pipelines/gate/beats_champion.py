"""Rule: a challenger is significantly better than the champion."""

from __future__ import annotations

from typing import ClassVar

from driftloop.pipelines.gate.comparison import BETTER, TIE, Comparison, compare
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Vote
from driftloop.pipelines.gate.wording import WEAK

NOT_BETTER = Answer("not_better", "the challenger is not significantly better than the champion", WEAK)


class BeatsChampion(Comparison):
    """The challenger must be significantly better than the champion on the same rows."""

    answers: ClassVar[tuple[Answer, ...]] = (BETTER, TIE, NOT_BETTER)

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Compare with the champion where there is one."""
        return compare(evaluation, self, NOT_BETTER) if evaluation.opponent == "champion" else None
