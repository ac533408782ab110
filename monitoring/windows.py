"""Windows of time before `now`: the current one, the labeled one, the one for training; and their rows.

How the rows of a window are read is in the docstring of `pipelines/data/fresh.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import TimeOutOfRange
from driftloop.monitoring.records import Window, utc
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.windows import Windows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

STEPS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def align(moment: datetime, step: timedelta) -> datetime:
    """Round down to a whole number of steps since 1970, so that two checks a minute apart have the same window.

    >>> align(datetime(2026, 1, 2, 15, 30), timedelta(days=1)).isoformat()
    '2026-01-02T00:00:00+00:00'
    """
    return utc(moment) - (utc(moment) - EPOCH) % step


def current_window(now: datetime, windows: Windows) -> Window:
    """Return the window of the current rows: the newest whole span that ends at or before `now`.

    >>> str(current_window(datetime(2026, 1, 9, 6), Windows(current="7d")))
    '2026-01-02 to 2026-01-09'
    """
    step = windows.align or next(step for step in STEPS if windows.current % step == timedelta() or step == STEPS[-1])
    return _before(align(now, step), windows.current)


def labelled_window(current: Window, label_delay: timedelta) -> Window:
    """Return the newest window of the current length with complete labels; without a label delay the current one."""
    return _before(_earlier(current.end, label_delay), current.length)


def training_window(current: Window, label_delay: timedelta, span: timedelta) -> Window:
    """Return the window for training and gate: the newest `span` with complete labels."""
    return _before(_earlier(current.end, label_delay), span)


def reference_window(current: Window, label_delay: timedelta, span: timedelta) -> Window:
    """Return the span of the predictions that a new version of a model elsewhere is compared with.

    It ends where the labeled window starts: its labels are complete, and no row of it is compared with itself.
    """
    return _before(labelled_window(current, label_delay).start, span)


def inside(times: pd.Series[Any], window: Window) -> np.ndarray:
    """Return for each row, shape (n,), whether its time, in UTC, is in the window."""
    return ((times >= window.start) & (times < window.end)).to_numpy(dtype=bool)


def within(rows: pd.DataFrame, time: str, window: Window) -> pd.DataFrame:
    """Return the rows whose column `time`, in UTC, is in the window, without a copy and with their index."""
    mask = inside(rows[time], window)
    return rows.copy(deep=False) if mask.all() else rows.loc[mask]


def _before(end: datetime, length: timedelta) -> Window:
    return Window(start=_earlier(end, length), end=end)


def _earlier(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment - by
    except OverflowError:
        raise TimeOutOfRange(moment, format_duration(by)) from None
