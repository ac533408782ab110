"""Rule: there are enough held-out rows to compare on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.monitoring.settings.limits import MOST_ROWS
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote

TOO_FEW_ROWS = Answer(
    "too_few_rows",
    "there are fewer rows than a training run, or its comparison, needs",
    "wait for more labeled rows, make training.window longer, or lower training.min_rows and gate.min_rows",
)


class EnoughRows(Rule):
    """A comparison needs rows that neither model was trained on."""

    answers: ClassVar[tuple[Answer, ...]] = (TOO_FEW_ROWS,)
    min_rows: int = Field(
        100,
        ge=2,
        le=MOST_ROWS,
        description="minimum number of holdout rows that neither model was trained on; with `columns.weight` their "
        "effective number",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a comparison on too few rows."""
        worth = evaluation.effective_rows
        if (evaluation.rows if worth is None else worth) >= self.min_rows:
            return None
        weighted = "" if worth is None else f" worth {worth:,.0f} rows of equal weight"
        found = f"{evaluation.rows:,} held-out rows{weighted} to compare on"
        need = f"{found}, at least {self.min_rows:,} needed (gate.min_rows)"
        why = "; the champion was trained on the other held-out rows: wait for newer labels"
        trained = evaluation.opponent == "champion" and evaluation.rows < self.min_rows
        return TOO_FEW_ROWS.because(need + (why if trained else ""))
