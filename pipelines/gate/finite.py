"""Rule: every loss is a finite number."""

from __future__ import annotations

from typing import ClassVar

from driftloop.pipelines.gate.evaluation import Evaluation, Model
from driftloop.pipelines.gate.rule import Answer, Rule, Vote

NOT_FINITE = Answer(
    "not_finite",
    "the loss of a model is not a finite number on some row, so nothing can be compared",
    "exclude rows with extreme labels (columns.filter), or fix the estimator's predict",
)


class Finite(Rule):
    """Losses that are not finite numbers cannot be compared."""

    answers: ClassVar[tuple[Answer, ...]] = (NOT_FINITE,)

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a comparison where challenger or opponent has such a loss on any row."""
        pair: tuple[Model, ...] = ("challenger", evaluation.opponent)
        for model in pair:
            if bad := evaluation.not_finite(model):
                on = f"on {bad:,} of {evaluation.rows:,} rows"
                return NOT_FINITE.because(f"the loss of the {model} is not a finite number {on}: nothing to compare")
        return None
