"""The proposed windows are the shortest that the rows support, and fit into the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.pipelines.init.spans import moment_after, proposed
from driftloop.pipelines.init.timeline import Timeline
from tests.streams import START, day

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def history(days: float, a_day: float) -> Timeline:
    """Rows at an even pace, all labeled."""
    step = HOUR if days > 4 else timedelta(minutes=1)
    steps = max(1, int(days * DAY / step))
    ends = np.round(np.linspace(0, days * a_day, steps + 1)).astype(np.int64)
    counts = np.diff(ends)
    starts = int(START.timestamp()) + np.arange(steps) * int(step.total_seconds())
    kept = counts > 0
    newest = day(days) - timedelta(seconds=1)
    return Timeline(step, starts[kept], counts[kept], counts[kept], newest, newest)


@pytest.mark.parametrize(
    ("days", "a_day", "current", "training"),
    [
        (720, 48, 7, 28),  # half-hourly
        (720, 24, 7, 56),  # hourly
        (720, 96, 7, 28),  # by the quarter of an hour
        (730, 48, 7, 371),  # two years: a whole one, in weeks
        (2200, 24, 7, 371),
        (730, 10_000, 1, 28),  # too many rows for a year of them
        (365, 920, 1, 28),  # flights
        (365, 10_000, 1, 28),
        (200, 150, 7, 28),
        (1095, 1, 28, 644),  # daily
        (60, 40, 7, 35),
    ],
)
def test_windows_are_as_short_as_the_rows_support(days: float, a_day: float, current: int, training: int) -> None:
    """A week of hundred rows, a day of two hundred; four weeks to learn from, or a thousand rows and the holdout."""
    made = proposed(history(days, a_day), timedelta())
    assert (made.current / DAY, made.training / DAY) == (current, training)
    assert made.holdout <= made.training * 2 / 5


def test_a_rare_class_takes_longer_windows() -> None:
    """Of 3 % positives some sixty are in each half of the holdout, and two hundred are learned from."""
    made = proposed(history(150, 160), timedelta(), rare=0.03)
    assert made.current == 7 * DAY
    assert made.held(made.holdout) * 0.03 > 100
    assert made.held(made.training - made.holdout) * 0.03 > 190
    assert made.training < proposed(history(730, 160), timedelta(), rare=0.01).training


def test_a_label_delay_takes_nothing_from_the_window() -> None:
    """What is learned from stays the same, unless the gap next to the window leaves no room for it."""
    plain, late = proposed(history(300, 100), timedelta()), proposed(history(300, 100), 30 * DAY)
    assert (late.training, late.holdout, late.current) == (plain.training, plain.holdout, plain.current)
    assert proposed(history(75, 100), 30 * DAY).training + 30 * DAY + 7 * DAY <= 45 * DAY


@settings(max_examples=150, deadline=None)
@given(
    days=st.floats(0.05, 2000),
    a_day=st.floats(0.5, 5000),
    late=st.floats(0, 0.8),
    rare=st.floats(0.0001, 1),
    features=st.integers(1, 500),
)
def test_any_history_gets_windows_that_a_model_file_takes(
    days: float, a_day: float, late: float, rare: float, features: int
) -> None:
    """The holdout is shorter than the training window without the gap, and nothing is empty."""
    from driftloop.pipelines.config.project import Project

    if days * a_day < 20:
        return
    made = proposed(history(days, a_day), timedelta(days=round(days * late)), rare=rare, features=features)
    assert timedelta() < made.holdout < made.training
    Project.model_validate(
        {
            "model": "m",
            "task": "regression",
            "source": {"path": "rows.csv"},
            "columns": {"time": "ts", "target": "y", "numeric": ["x"], "label_delay": made.delay},
            "windows": {"current": made.current},
            "training": {"window": {"choose": made.training}, "holdout": made.holdout},
        }
    )


def test_the_moment_is_the_end_of_the_window() -> None:
    """Rounded up to the step of the windows."""
    moment = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
    assert moment_after(moment, 7 * DAY) == "2026-03-02T00:00"
    assert moment_after(moment, HOUR) == "2026-03-01T11:00"
    assert moment_after(moment, timedelta(minutes=10)) == "2026-03-01T10:20"
