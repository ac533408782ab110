"""`training: none` in a config: its values, and the keys that it excludes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.policies import PerformanceDrop
from driftloop.monitoring.settings.durations import parse_duration
from driftloop.pipelines.config.training_window import BATCHES

NO_TRAINING = "none"


def reference_span(windows: Any, current: timedelta) -> timedelta:
    """Return `windows.reference_span`, or four current windows; `windows` is that section, as it was given."""
    span = windows.get("reference_span") if isinstance(windows, dict) else getattr(windows, "reference_span", None)
    try:
        return BATCHES * current if span is None else parse_duration(span)
    except ValidationProblem as problem:
        raise ValidationProblem(problem.expected, key="windows.reference_span", found=repr(span)) from None


def with_triggers(policies: Any) -> Any:
    """Return the section `policies`, as it was given, with a trigger that needs no training if it has no triggers."""
    given = policies or {}
    if isinstance(given, dict) and "triggers" not in given:
        return {**given, "triggers": [{"policy": PerformanceDrop().policy}]}
    return given


def refuse_mixed(*, elsewhere: bool, trains: bool, promotion: str, reference: timedelta | None) -> None:
    """Refuse a config that is half of a model here and half of a model elsewhere."""
    if elsewhere == trains:
        raise ValidationProblem(
            "`training: none` together with predictions.source: the predictions of a model elsewhere are read, and it "
            "is trained there",
            key="training",
            found="a training of a model elsewhere" if elsewhere else "none, without predictions.source",
            remedy="set training: none" if elsewhere else "name the table of its predictions, or remove it",
        )
    if elsewhere and promotion == "manual":
        raise ValidationProblem(
            "automatic: a new version of a model elsewhere serves already when its predictions are read",
            key="promotion",
            found="manual",
            remedy="remove it",
        )
    if trains and reference is not None:
        raise ValidationProblem(
            "a reference span only with `training: none`",
            key="windows.reference_span",
            found="a span for a model that is trained here, whose reference are its training rows",
            remedy="use windows.reference, the newest part of the training rows",
        )
