"""The metrics, one file each. To add one: write its file, import it here and put it into the union."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from driftloop.monitoring.errors import ValidationProblem, listed, suggestion
from driftloop.monitoring.metrics.balanced_accuracy import BalancedAccuracy
from driftloop.monitoring.metrics.base import Metric, NotComputable, Pairs
from driftloop.monitoring.metrics.bias import Bias
from driftloop.monitoring.metrics.calibration_error import CalibrationError
from driftloop.monitoring.metrics.f1 import F1
from driftloop.monitoring.metrics.mape import Mape
from driftloop.monitoring.metrics.pr_auc import PrAuc
from driftloop.monitoring.metrics.precision import Precision
from driftloop.monitoring.metrics.r2 import R2
from driftloop.monitoring.metrics.recall import Recall
from driftloop.monitoring.metrics.rmse import Rmse
from driftloop.monitoring.metrics.roc_auc import RocAuc
from driftloop.monitoring.tasks import Task

Kinds = BalancedAccuracy | Bias | CalibrationError | F1 | Mape | PrAuc | Precision | R2 | Recall | Rmse | RocAuc
METRICS: dict[str, type[Metric]] = {kind.model_fields["metric"].default: kind for kind in get_args(Kinds)}
"""Every metric by its name in a YAML."""

DEFAULTS: dict[Task, tuple[str, ...]] = {
    "regression": ("rmse", "r2", "bias"),
    "binary": ("roc_auc", "pr_auc", "precision", "recall", "calibration_error"),
    "multiclass": ("f1", "balanced_accuracy", "calibration_error"),
}
"""Metrics of a model whose config names none."""


def _spelled(given: Any) -> Any:
    """Return the section of a name: `roc_auc`, or `precision(0.3)` with its parameters."""
    if not isinstance(given, str):
        return given
    word, _, values = given.removesuffix(")").partition("(")
    if word not in METRICS:
        raise ValidationProblem(
            f"one of {listed(METRICS, 20)}",
            found=f"no metric {word!r}",
            remedy="correct the name." + suggestion(word, METRICS),
        )
    keys = [key for key in METRICS[word].model_fields if key != "metric"]
    parts = values.split(", ") if values else []
    if len(parts) > len(keys):
        raise ValidationProblem(f"{word} without parentheses", found=repr(given), remedy="correct the name")
    return {"metric": word, **dict(zip(keys, parts, strict=False))}


AnyMetric = Annotated[Annotated[Kinds, Field(discriminator="metric")], BeforeValidator(_spelled)]
_READ: TypeAdapter[Metric] = TypeAdapter(AnyMetric)


@cache
def named(name: str) -> Metric:
    """Return the metric of a name with its parameters; a name that is not registered raises `ValidationProblem`.

    >>> named("precision(0.3)")
    Precision(metric='precision', threshold=0.3)
    >>> named("roc_auc").better
    'higher'
    """
    try:
        return _READ.validate_python(name)
    except ValidationError as error:
        problem = error.errors()[0].get("ctx", {}).get("error")
        if isinstance(problem, ValidationProblem):
            raise problem from None
        raise ValidationProblem(
            "a metric with valid parameters", found=repr(name), remedy="see docs/losses-and-metrics.md"
        ) from None


def fitting(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics that fit a task, the default ones first."""
    first = DEFAULTS[task]
    return (*first, *(name for name, kind in METRICS.items() if task in kind.tasks and name not in first))


def distinct(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Return metrics in their order, each name once."""
    return tuple({metric.name: metric for metric in metrics}.values())


__all__ = ["DEFAULTS", "METRICS", "AnyMetric", "Metric", "NotComputable", "Pairs", "distinct", "fitting", "named"]
