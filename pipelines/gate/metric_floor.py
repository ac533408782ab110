"""Rule: metrics of the challenger are at least as good as limits."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from driftloop.monitoring.records import MetricName, worsening
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.rule import Answer, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK, figure

BELOW_METRIC_FLOOR = Answer(
    "below_metric_floor",
    "a metric of the challenger on held-out rows is worse than its limit in `gate.metric_floor`, or cannot be computed",
    f"lower the limit, or make the model better: {WEAK}",
)


class MetricFloor(Rule):
    """A challenger whose metric is worse than an absolute limit is of no use, even if its opponent is worse."""

    answers: ClassVar[tuple[Answer, ...]] = (BELOW_METRIC_FLOOR,)
    metric_floor: dict[MetricName, float] = Field(
        default_factory=dict,
        description="metric: the worst value that is allowed on held-out rows, such as {roc_auc: 0.7, rmse: 12}; a "
        "lower limit where higher is better, otherwise an upper one",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger with a metric that is worse than its limit; at the limit exactly it is not."""
        for name, limit in self.metric_floor.items():
            found = evaluation.metrics.get(name)
            if found is None or found.value is None:
                why = found.reason if found is not None else "it was not measured"
                return BELOW_METRIC_FLOOR.because(f"{name} cannot be computed on {evaluation.rows:,} rows: {why}")
            if worsening(found.better, found.value, limit) > 0:
                side = "at least" if found.better == "higher" else "at most"
                about = f"{name} {figure(found.value)} on {evaluation.rows:,} rows"
                return BELOW_METRIC_FLOOR.because(f"{about}, {side} {limit:g} is required")
        return None
