"""An example of every answer of every rule of the gate. Laws run over all of them: test_rules.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Better, FairnessGap, GroupRate, MetricValue
from driftloop.pipelines.gate import Evaluation, Model, SliceLosses

Floats = NDArray[np.float64]


def losses(n: int = 1000, mean: float = 1.0, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).exponential(mean, size=n)


def evaluation(challenger: Floats, opponent: Floats, *, first: bool = False, **more: Any) -> Evaluation:
    """Rows of one a minute, with these losses; `first`: without a champion, against the naive baseline."""
    models: dict[Model, Floats] = {"challenger": challenger, "naive baseline": opponent}
    if not first:
        models |= {"champion": opponent, "naive baseline": 2 * opponent}
    n = len(challenger)
    times = np.datetime64("2026-03-01T00:00") + np.arange(n)
    given: dict[str, Any] = {"keys": np.arange(n, dtype=np.uint64), "times": times, "columns": {"a": np.arange(n)}}
    return Evaluation(losses=models, **(given | more))


def clear(first: bool = False, **more: Any) -> Evaluation:
    """A challenger that is much better than its opponent, which no rule refuses by its default keys."""
    return evaluation(0.5 * losses(), losses(), first=first, **more)


def spoilt() -> Floats:
    bad = losses()
    bad[7] = np.nan
    return bad


def metric(value: float | None, better: Better = "higher") -> MetricValue:
    """A metric of the challenger, or one that could not be computed."""
    reason = None if value is not None else "all 40 labels are 'no'"
    return MetricValue(metric="any", better=better, value=value, rows=1000, reason=reason)


def half(name: str = "zone = Bronx", rise: float = 0.5, n: int = 500) -> SliceLosses:
    """A slice on which the challenger is worse by this share of the champion's loss on every row."""
    return SliceLosses(name, (1 + rise) * losses(n), losses(n))


def gap(p_value: float) -> FairnessGap:
    """A gap of 0.19 where 0.1 is allowed."""
    groups = (GroupRate(group="sex = f", rows=400, value=0.31), GroupRate(group="sex = m", rows=500, value=0.12))
    return FairnessGap(
        by="sex",
        rate="error",
        groups=groups,
        gap=0.19,
        low=0.12,
        high=0.26,
        highest="sex = f",
        lowest="sex = m",
        max_gap=0.1,
        p_value=p_value,
    )


# By rule: keys of the config, the evaluation, and the code of the answer.
EXAMPLES: Mapping[str, list[tuple[dict[str, Any], Callable[[], Evaluation], str]]] = {
    "Leak": [({}, lambda: clear(leaks=("paid",)), "leak")],
    "EnoughRows": [({"min_rows": 1001}, clear, "too_few_rows")],
    "EnoughPerClass": [({"min_per_class": 8}, lambda: clear(classes={"no": 993, "yes": 7}), "too_few_of_a_class")],
    "Finite": [
        ({}, lambda: evaluation(spoilt(), losses()), "not_finite"),
        ({}, lambda: evaluation(losses(), spoilt()), "not_finite"),
    ],
    "MaxLoss": [({"max_loss": 0.01}, clear, "above_max_loss")],
    "MetricFloor": [
        ({"metric_floor": {"roc_auc": 0.71}}, lambda: clear(metrics={"roc_auc": metric(0.7)}), "below_metric_floor"),
        ({"metric_floor": {"rmse": 9}}, lambda: clear(metrics={"rmse": metric(9.1, "lower")}), "below_metric_floor"),
        ({"metric_floor": {"bias": 1}}, lambda: clear(metrics={"bias": metric(-1.1, "zero")}), "below_metric_floor"),
        ({"metric_floor": {"roc_auc": 0.1}}, lambda: clear(metrics={"roc_auc": metric(None)}), "below_metric_floor"),
    ],
    "MaxLatency": [
        ({"max_latency": 2}, lambda: clear(seconds={"challenger": 0.0201, "champion": 0.01}), "too_slow"),
    ],
    "NoSliceWorse": [({"no_slice_worse": True}, lambda: clear(slices=(half(),)), "slice_worse")],
    "FairGroups": [({}, lambda: clear(fairness=(gap(0.04),)), "unfair")],
    "BeatsBaseline": [
        ({}, lambda: clear(first=True), "better"),
        ({}, lambda: evaluation(losses(), losses(), first=True), "tie"),
        ({}, lambda: evaluation(losses(), 0.5 * losses(), first=True), "worse_than_naive"),
    ],
    "BeatsChampion": [
        ({}, clear, "better"),
        ({}, lambda: evaluation(losses(), losses()), "tie"),
        ({"margin": 0.6}, clear, "not_better"),
    ],
}
