"""Rule: no feature reveals the target."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from driftloop.monitoring.errors import listed
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote

LEAK = Answer(
    "leak",
    "a feature predicts the target on its own, so it is probably not known when the model is used",
    "remove that feature; if it is known when the model is used, raise gate.leak_threshold",
)


class Leak(Rule):
    """No feature may predict the target on its own, regardless of the losses."""

    answers: ClassVar[tuple[Answer, ...]] = (LEAK,)
    leak_threshold: Annotated[float, Field(gt=0.5, le=1)] = Field(
        0.999, description="a feature that predicts the target on its own to this degree is rejected as leakage"
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger that has learned from a leak."""
        leaks = evaluation.leaks
        if not leaks:
            return None
        features = listed(leaks) if len(leaks) == 1 else f"each of {listed(leaks)}"
        return LEAK.because(f"{features} alone predicts the target: leakage, unknown when the model is used")
