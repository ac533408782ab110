"""Syntax of `training.window`: a span of time, or a base span from which probes choose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.durations import format_duration, parse_duration

EXPECTED = "a duration such as 28d, or choose, or {choose: 28d}"
# Current windows that make the base span where the config names none.
BATCHES = 4


class ChosenSpan(timedelta):
    """The span W that a training falls back to; whether it, 2W, all rows or another season is taken, probes choose.

    >>> read_span({"choose": "28d"}) == timedelta(days=28), write_span(read_span({"choose": "28d"}))
    (True, {'choose': '28d'})
    """

    @classmethod
    def of(cls, span: timedelta) -> ChosenSpan:
        return cls(days=span.days, seconds=span.seconds, microseconds=span.microseconds)


def read_span(value: Any) -> timedelta:
    """`28d` as it is, `{choose: 28d}` as a `ChosenSpan`."""
    if isinstance(value, ChosenSpan):
        return value
    chosen = isinstance(value, Mapping)
    if chosen and set(value) != {"choose"}:
        raise ValidationProblem(EXPECTED, found=f"the keys {', '.join(map(str, value))}" if value else "no key")
    span = parse_duration(value["choose"] if chosen else value)
    assert isinstance(span, timedelta)
    if not span:
        raise ValidationProblem("a positive duration")
    return ChosenSpan.of(span) if chosen else span


def write_span(span: timedelta) -> str | dict[str, str]:
    """Return a span as in YAML."""
    text = format_duration(span)
    return {"choose": text} if isinstance(span, ChosenSpan) else text


def with_base(training: Any, current: timedelta) -> Any:
    """The section `training` with a plain `window: choose` written out: four times the current window.

    >>> with_base({"window": "choose"}, timedelta(days=7))
    {'window': {'choose': '28d'}}
    """
    if isinstance(training, Mapping) and training.get("window") == "choose":
        return {**training, "window": {"choose": format_duration(BATCHES * current)}}
    return training


Written = str | dict[str, str]
TrainingSpan = Annotated[
    timedelta,
    PlainValidator(read_span, json_schema_input_type=Written),
    PlainSerializer(write_span, return_type=Written, when_used="json"),
]
