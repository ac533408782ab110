"""Records are frozen, closed and in UTC; a window holds its start and not its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftloop.monitoring.records import (
    CheckWindow,
    ColumnReference,
    Outcome,
    Window,
    utc,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


DAY = timedelta(days=1)


moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


def column(name: str = "age", role: str = "feature", **changes: object) -> ColumnReference:
    known = {"kind": "numeric", "null_share": 0.0, "distinct": 9, "method": "ks", "threshold": 0.05}
    return ColumnReference.model_validate({**known, "name": name, "role": role, **changes})


@given(moments, st.integers(-14, 14))
def test_a_moment_is_the_same_in_every_zone(moment: datetime, hours: int) -> None:
    """A zone changes how a moment is written, never which one it is; no zone means UTC."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert utc(elsewhere) == moment
    assert utc(elsewhere).tzinfo is UTC
    assert utc(moment.replace(tzinfo=None)) == moment


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=4000)))
def test_a_window_holds_its_start_and_not_its_end(start: datetime, span: timedelta) -> None:
    """Windows are half-open, so that neighbors share no row and lose none."""
    window = Window(start=start, end=start + span)
    assert window.start in window
    assert window.end not in window
    assert window.end - timedelta(microseconds=1) in window
    assert window.earlier(span).end == window.start
    assert window.earlier(span).length == window.length


@pytest.mark.parametrize("span", [timedelta(), -DAY])
def test_a_window_runs_forward(span: timedelta) -> None:
    """A window of no length or negative length is refused."""
    with pytest.raises(ValidationError, match="must start before it ends"):
        Window(start=START, end=START + span)


@pytest.mark.parametrize(
    ("span", "spelled"),
    [
        (DAY, "2026-01-01 to 2026-01-02"),
        (timedelta(hours=6), "2026-01-01 00:00 to 2026-01-01 06:00"),
        (timedelta(seconds=30), "2026-01-01 00:00:00 to 2026-01-01 00:00:30"),
        (timedelta(hours=6, microseconds=1), "2026-01-01 00:00 to 2026-01-01 06:00"),
        (timedelta(microseconds=1), "2026-01-01 00:00:00 to 2026-01-01 00:00:00.000001"),
        (timedelta(milliseconds=500), "2026-01-01 00:00:00 to 2026-01-01 00:00:00.500000"),
    ],
)
def test_a_window_is_spelled_as_finely_as_it_needs(span: timedelta, spelled: str) -> None:
    """Start and end are never spelled alike; whole days are spelled as days."""
    assert str(Window(start=START, end=START + span)) == spelled
    assert str(CheckWindow(start=START, end=START + span, rows=3)) == spelled


def test_records_are_frozen_and_closed() -> None:
    """What was measured cannot be changed afterwards, and no record takes a field that it does not know."""
    window = Window(start=START, end=START + DAY)
    with pytest.raises(ValidationError, match="frozen"):
        window.start = START + DAY  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Window.model_validate({"start": START, "end": START + DAY, "ends": 1})


def test_only_measured_and_decided_windows_count_as_judged() -> None:
    """An early exit, a failure, or a training that is still awaited leaves the window open for another check."""
    assert {outcome for outcome in Outcome if not outcome.judged} == {
        Outcome.NO_DATA,
        Outcome.TOO_FEW_ROWS,
        Outcome.ALREADY_CHECKED,
        Outcome.BAD_DATA,
        Outcome.FAILED,
        Outcome.REQUESTED,
    }
