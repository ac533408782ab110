"""Spans of time cut from `now`: the current window, the labelled one, and the one to train on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitoring.config import Windows
from monitoring.records import Window, utc

STEPS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def align(moment: datetime, step: timedelta) -> datetime:
    """Round down to a whole number of steps since 1970, so that two checks a minute apart see the same window.

    >>> align(datetime(2026, 1, 2, 15, 30), timedelta(days=1)).isoformat()
    '2026-01-02T00:00:00+00:00'
    """
    return utc(moment) - (utc(moment) - EPOCH) % step


def current_window(now: datetime, windows: Windows) -> Window:
    """The fresh rows: the newest whole span that ends at or before `now`.

    >>> str(current_window(datetime(2026, 1, 9, 6), Windows(current="7d")))
    '2026-01-02 .. 2026-01-09'
    """
    step = windows.align or next(step for step in STEPS if windows.current % step == timedelta() or step == STEPS[-1])
    end = align(now, step)
    return Window(start=end - windows.current, end=end)


def labelled_window(current: Window, label_delay: timedelta) -> Window:
    """The newest span as long as the current one whose labels are all due. The current one, if labels come at once."""
    return current.earlier(label_delay)


def training_window(current: Window, label_delay: timedelta, span: timedelta) -> Window:
    """What a challenger may learn from and be judged on: the newest `span` of rows whose labels are all due."""
    end = current.end - label_delay
    return Window(start=end - span, end=end)
