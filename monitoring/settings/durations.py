"""Durations in the spelling of a config: `7d`, `12h`, `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from driftloop.monitoring.errors import ValidationProblem

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
EXPECTED = "a duration such as 7d, 12h, 30m or 2w (y, w, d, h, m for minutes, s)"
LONGEST = timedelta(days=36_525)
LONGEST_TEXT = 100


def parse_duration(value: Any) -> Any:
    """Read `7d`, `12h`, `30m`, `45s`, `2w`, `1y` or a sum such as `1d12h`; at most a hundred years, never negative.

    A year has 365 days.

    >>> parse_duration("1d12h"), parse_duration("1y")
    (datetime.timedelta(days=1, seconds=43200), datetime.timedelta(days=365))
    """
    span = value if isinstance(value, timedelta) else _sum(value)
    if not timedelta() <= span <= LONGEST:
        raise ValidationProblem(f"{EXPECTED}, at most a hundred years")
    return span


def format_duration(span: timedelta) -> str:
    """Spell a span as short as `parse_duration` reads back.

    >>> format_duration(timedelta(days=14)), format_duration(timedelta(hours=36)), format_duration(timedelta())
    ('14d', '36h', '0d')
    >>> format_duration(timedelta(days=30, seconds=1, microseconds=500))
    '2592001.0005s'
    """
    seconds = span.days * 86400 + span.seconds
    if span.microseconds:
        return f"{seconds}.{span.microseconds:06d}".rstrip("0") + "s"
    for letter, unit in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def _sum(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise ValidationProblem(EXPECTED)
    if len(value) > LONGEST_TEXT:
        raise ValidationProblem(f"{EXPECTED}, at most a hundred years")
    text = re.sub(r"\s", "", value)
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smhdwy])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValidationProblem(EXPECTED)
    try:
        return sum((timedelta(seconds=UNITS[unit] * float(number)) for number, unit in parts), timedelta())
    except OverflowError:
        raise ValidationProblem(f"{EXPECTED}, at most a hundred years") from None


def _some(span: timedelta) -> timedelta:
    if not span:
        raise ValidationProblem("a duration above 0")
    return span


def at_least(shortest: str) -> AfterValidator:
    """Return a validator that refuses a shorter duration.

    >>> at_least("1h").func(timedelta(hours=2))
    datetime.timedelta(seconds=7200)
    """

    def long_enough(span: timedelta) -> timedelta:
        if span < parse_duration(shortest):
            raise ValidationProblem(f"a duration of at least {shortest}")
        return span

    return AfterValidator(long_enough)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
"""A duration of 0 or more; `0d` is allowed."""

Span = Annotated[Duration, AfterValidator(_some)]
"""A duration above 0."""
