"""Spans of time are read as they are written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.settings.durations import LONGEST, Duration, Span, format_duration, parse_duration


@given(st.timedeltas(timedelta(), LONGEST))
def test_a_written_span_reads_back(span: timedelta) -> None:
    """Writing and reading a span gives the same span, down to the microsecond."""
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("90m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        (" 1d 12h ", timedelta(hours=36)),
        ("0.5d", timedelta(hours=12)),
        ("0d", timedelta()),
    ],
)
def test_a_span_is_a_sum_of_numbers_with_units(text: str, span: timedelta) -> None:
    """Weeks, days, hours, minutes and seconds add up; blanks do not matter."""
    assert parse_duration(text) == span


@pytest.mark.parametrize("value", ["7", 7, "", "d", "-1d", "1 month", "7D", "1d x", "1e3d", None, True, [], "\u0661d"])
def test_anything_else_is_refused_with_an_example(value: object) -> None:
    """Nothing is guessed: no unit, or an unknown one, is refused with an example of what to write."""
    with pytest.raises(ValidationProblem, match="a duration such as 7d, 12h, 30m or 2w"):
        parse_duration(value)


@pytest.mark.parametrize("value", ["36526d", "9999999999999d", "9" * 400 + "w", timedelta(days=-1)])
def test_a_span_is_between_nothing_and_a_century(value: object) -> None:
    """What no calendar could hold is refused as a value, not met later as an overflow."""
    with pytest.raises(ValidationProblem, match="at most a hundred years"):
        parse_duration(value)


def test_a_window_cannot_be_empty_and_a_delay_can() -> None:
    """`Span` refuses `0d`, `Duration` takes it."""
    assert TypeAdapter(Duration).validate_python("0d") == timedelta()
    with pytest.raises(ValidationError, match="a duration above 0"):
        TypeAdapter(Span).validate_python("0d")
