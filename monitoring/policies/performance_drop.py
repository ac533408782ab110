"""Trigger: the champion's loss, or one of its metrics, has become worse than on its reference."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, MetricName, MetricValue, Signal, Signals, Vote, figure
from driftloop.monitoring.settings.limits import MOST_ROWS, MOST_TIMES


class PerformanceDrop(Trigger):
    """Fires when the loss rose significantly, by at least `max_rise` of the reference loss; or a `metric` got worse.

    Significantly means: the lower end of the loss's 95% CI is above the reference loss. The reference loss was
    measured on rows that the champion was not trained on. A metric is compared in the same way, in its own direction:
    `{policy: performance_drop, metric: roc_auc, max_rise: 0.05}` fires when the area is 5% smaller than on the
    reference, and its whole interval is below that value.
    """

    declares = frozenset({"loss"})
    in_percent = True
    policy: Literal["performance_drop"] = "performance_drop"
    metric: MetricName | None = Field(
        None,
        description="metric to compare in place of the loss: `roc_auc`, or `{metric: precision, threshold: 0.3}`",
    )
    max_rise: float = Field(
        0.15,
        ge=0,
        le=MOST_TIMES,
        description="rise that fires, as a share of the reference loss; 0.15 is 15%. For a metric the share by which "
        "it is worse",
    )
    min_rows: int = Field(
        30, ge=2, le=MOST_ROWS, description="minimum number of labeled rows; with fewer not applicable"
    )

    @property
    def reads(self) -> frozenset[Signal]:
        """The loss, or the metrics."""
        return frozenset({"metrics"}) if self.metric else self.declares

    @property
    def metrics(self) -> frozenset[str]:
        """The metric that it compares."""
        return frozenset({self.metric}) if self.metric else frozenset()

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        if self.metric is not None:
            return self._of_metric(signals, self.metric)
        measured = signals.performance
        if measured is None:
            return self.not_applicable("no labeled rows yet", self.max_rise)
        if measured.worth < self.min_rows:
            return self.not_applicable(f"{measured.counted}, {self.min_rows:,} needed", self.max_rise)
        return self.risen(measured, self.max_rise, name=measured.title)

    def _of_metric(self, signals: Signals, name: str) -> Vote:
        measured = next((one for one in signals.metrics if one.metric == name), None)
        if measured is None:
            return self.not_applicable(f"{name} was not measured: no labeled rows yet", self.max_rise)
        counted, worth = f"{measured.rows:,} labeled rows", float(measured.rows)
        if signals.performance is not None and signals.performance.effective_rows is not None:
            counted, worth = signals.performance.counted, signals.performance.worth
        if worth < self.min_rows:
            return self.not_applicable(f"{counted}, {self.min_rows:,} needed", self.max_rise)
        if measured.value is None:
            return self.not_applicable(f"{name} cannot be computed: {measured.reason}", self.max_rise)
        if measured.reference is None or measured.decline is None:
            reason = f"the champion has no reference value of {name}; the next champion gets one"
            return self.not_applicable(reason, self.max_rise)
        side = "above" if measured.value >= measured.reference else "below"
        change = f"{_share(measured)} {side}"
        text = f"{name} {figure(measured.value)} is {change} the reference {figure(measured.reference)}"
        if measured.decline >= self.max_rise and not measured.significant:
            low, high = measured.low, measured.high
            interval = "no 95% CI" if low is None or high is None else f"95% CI {figure(low)} to {figure(high)}"
            reason = f"{text}, but not significantly: {interval}"
            return Vote(
                policy=self.policy, vote="hold", observed=measured.decline, threshold=self.max_rise, reason=reason
            )
        return self.compare(measured.decline, self.max_rise, f"{text} (limit {self.max_rise:.0%} worse)")


def _share(measured: MetricValue) -> str:
    assert measured.value is not None
    assert measured.reference is not None
    change = abs(measured.value - measured.reference)
    return f"{change / abs(measured.reference):.1%}" if measured.reference else figure(change)
