"""Rule: no gap between groups is significantly above `fairness.max_gap`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK

UNFAIR = Answer(
    "unfair",
    "on held-out rows a rate of two groups differs by significantly more than `fairness.max_gap`",
    "choose another decision threshold (`performance: cost_matrix`, `fairness.threshold`), raise fairness.max_gap, or "
    f"set gate.fairness: false; otherwise {WEAK}",
)
LEVEL = 0.05


class FairGroups(Rule):
    """A challenger whose errors or decisions differ too much between groups does not pass, however good it is."""

    answers: ClassVar[tuple[Answer, ...]] = (UNFAIR,)
    fairness: bool = Field(
        True, description="reject a challenger with a gap above `fairness.max_gap`; no effect without that limit"
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger with a significant gap; all gaps together are a family at 5% (Bonferroni)."""
        tested = [each for each in evaluation.fairness if each.p_value is not None]
        wide = [each for each in tested if each.p_value is not None and each.p_value <= LEVEL / len(tested)]
        if not self.fairness or not wide:
            return None
        worst = max(wide, key=lambda each: each.gap or 0.0)
        more = f"; {len(wide) - 1:,} more of {len(tested):,} gaps are too large" if len(wide) > 1 else ""
        return UNFAIR.because(f"{worst.sentence()} ({evaluation.rows:,} held-out rows){more}")
