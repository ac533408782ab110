"""Rule: the loss is below an absolute limit."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK, figure

ABOVE_MAX_LOSS = Answer(
    "above_max_loss",
    "the challenger's mean loss is above `gate.max_loss`",
    f"raise gate.max_loss, or make the model better: {WEAK}",
)


class MaxLoss(Rule):
    """A challenger above an absolute loss is of no use, even if its opponent is worse."""

    answers: ClassVar[tuple[Answer, ...]] = (ABOVE_MAX_LOSS,)
    max_loss: float | None = Field(
        None,
        ge=0,
        le=1e300,
        description="absolute limit: a challenger with a higher loss is rejected; no limit if not given",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger whose mean loss is above the limit; at the limit exactly it is not."""
        if self.max_loss is None or (mean := evaluation.mean("challenger")) <= self.max_loss:
            return None
        loss = f"challenger {evaluation.loss_name} {figure(mean)} ({evaluation.rows:,} held-out rows)"
        return ABOVE_MAX_LOSS.because(f"{loss} is above the limit {figure(self.max_loss)} (gate.max_loss)")
