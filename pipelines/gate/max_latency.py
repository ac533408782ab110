"""Rule: predictions are not much slower than the champion's."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.pipelines.gate.evaluation import TIMED_ROWS, Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote
from driftloop.pipelines.gate.wording import figure

TOO_SLOW = Answer(
    "too_slow",
    "the challenger needs more than `gate.max_latency` times the champion's time to predict 1,000 rows",
    "raise gate.max_latency, or train a smaller model (training.params, training.estimator)",
)


class MaxLatency(Rule):
    """A challenger that is much slower than the champion may be too slow for what uses it."""

    answers: ClassVar[tuple[Answer, ...]] = (TOO_SLOW,)
    max_latency: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="maximum time to predict 1,000 rows, as a multiple of the champion's; no limit if not given",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger that takes longer than the limit; at the limit exactly it does not."""
        if self.max_latency is None or evaluation.opponent != "champion":
            return None
        challenger, champion = (evaluation.seconds[model] for model in ("challenger", "champion"))
        if challenger <= self.max_latency * champion:
            return None
        times = f"challenger {figure(1000 * challenger)} ms, champion {figure(1000 * champion)} ms"
        limit = f"more than {self.max_latency:g} times the champion's (gate.max_latency)"
        return TOO_SLOW.because(f"time to predict {TIMED_ROWS:,} rows: {times}: {limit}")
