"""Rule: there are enough held-out rows of each class to compare on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.monitoring.settings.limits import MOST_ROWS
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote

TOO_FEW_OF_A_CLASS = Answer(
    "too_few_of_a_class",
    "a class has fewer held-out rows than `gate.min_per_class`",
    "wait for more labeled rows, make training.window or training.holdout longer, or lower gate.min_per_class",
)


class EnoughPerClass(Rule):
    """Where one class is rare, many rows may hold few of it, and a comparison depends on a few of them."""

    answers: ClassVar[tuple[Answer, ...]] = (TOO_FEW_OF_A_CLASS,)
    min_per_class: int | None = Field(
        None,
        ge=1,
        le=MOST_ROWS,
        description="minimum number of holdout rows of each class that neither model was trained on; no limit if not "
        "given",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a comparison on too few rows of a class."""
        if self.min_per_class is None or not evaluation.classes:
            return None
        name, rows = min(evaluation.classes.items(), key=lambda item: (item[1], item[0]))
        if rows >= self.min_per_class:
            return None
        found = f"{rows:,} of {evaluation.rows:,} held-out rows are of class {name!r}"
        return TOO_FEW_OF_A_CLASS.because(f"{found}, at least {self.min_per_class:,} needed (gate.min_per_class)")
