"""Records of metrics: a value with its interval, a confusion matrix, bins of a calibration."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from driftloop.monitoring.records.base import Record
from driftloop.monitoring.records.figures import figure

Better = Literal["higher", "lower", "zero"]
"""Direction of a metric: higher or lower is better, or the nearer to zero the better."""


class MetricValue(Record):
    """A metric of the champion on labeled rows, with a 95% CI; `reference` is its value on held-out rows before.

    The value is null where the metric cannot be computed; `reason` is the cause. The interval is null for few rows, the
    reference is null where the champion was stored without this metric.
    """

    metric: str
    better: Better
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int
    reference: float | None = None
    reason: str | None = None

    @property
    def decline(self) -> float | None:
        """By which share of the reference the metric is worse; negative if it is better. None if one is not known.

        >>> auc = MetricValue(metric="roc_auc", better="higher", value=0.72, rows=900, reference=0.8)
        >>> rmse = MetricValue(metric="rmse", better="lower", value=11.0, rows=900, reference=10.0)
        >>> round(auc.decline, 6), round(rmse.decline, 6)
        (0.1, 0.1)
        """
        if self.value is None or self.reference is None:
            return None
        change = worsening(self.better, self.value, self.reference)
        if change == 0:
            return 0.0
        return change / abs(self.reference) if self.reference else math.copysign(math.inf, change)

    @property
    def significant(self) -> bool:
        """Whether every value of the interval is worse than the reference."""
        if self.reference is None or self.low is None or self.high is None:
            return False
        if self.better == "zero" and self.low <= 0 <= self.high:
            return False
        return all(worsening(self.better, end, self.reference) > 0 for end in (self.low, self.high))


def metrics_text(metrics: Iterable[MetricValue]) -> str:
    """Return metrics with their references in one line; `worse` marks those that are significantly worse.

    >>> auc = MetricValue(metric="roc_auc", better="higher", value=0.72, low=0.7, high=0.74, rows=900, reference=0.8)
    >>> none = MetricValue(metric="recall", better="higher", rows=900, reason="none of 900 labels is 'yes'")
    >>> metrics_text([auc, none])
    "roc_auc 0.72 (reference 0.8, worse), recall: none of 900 labels is 'yes'"
    """
    parts = []
    for one in metrics:
        if one.value is None:
            parts.append(f"{one.metric}: {one.reason}")
            continue
        known = [f"reference {figure(one.reference)}"] if one.reference is not None else []
        known += ["worse"] if one.significant else []
        parts.append(f"{one.metric} {figure(one.value)}" + (f" ({', '.join(known)})" if known else ""))
    return ", ".join(parts)


def worsening(better: Better, value: float, bar: float) -> float:
    """Return by how much a value is worse than another one; negative if it is better.

    >>> worsening("higher", 0.7, 0.75) > 0, worsening("lower", 0.7, 0.75) > 0, worsening("zero", -3.0, 1.0)
    (True, False, 2.0)
    """
    if better == "higher":
        return bar - value
    return value - bar if better == "lower" else abs(value) - abs(bar)


def metric_name(given: Any) -> Any:
    """Return the name that records have for a metric: of a section its name with the values of its parameters.

    >>> metric_name({"metric": "precision", "threshold": 0.3}), metric_name("roc_auc")
    ('precision(0.3)', 'roc_auc')
    """
    if not isinstance(given, dict) or not isinstance(given.get("metric"), str):
        return given
    values = [value for key, value in given.items() if key != "metric" and value is not None]
    text = ", ".join(f"{value:g}" if isinstance(value, int | float) else str(value) for value in values)
    return f"{given['metric']}({text})" if text else given["metric"]


MetricName = Annotated[str, BeforeValidator(metric_name)]
"""The name of a metric with its parameters, such as `precision(0.3)`; a YAML may have the section instead."""


class Confusion(Record):
    """Rows by label (outer) and predicted class (inner), of the most frequent classes among all `rows`.

    Under `columns.weight` a row counts as its weight, whose mean is 1.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int | float, ...], ...]
    rows: int


class CalibrationBin(Record):
    """Rows whose probability is in one bin: the mean of it, and the observed share.

    Under `columns.weight` a row counts as its weight, whose mean is 1.
    """

    rows: int | float
    predicted: float
    observed: float
