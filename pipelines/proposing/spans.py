"""Which spans of time suit a history of so many rows: the windows that `driftloop init` proposes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

SPANS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7), timedelta(days=28))


def proposed_windows(length: timedelta, rows: int) -> tuple[timedelta, timedelta, timedelta]:
    """A current window of some 500 rows, a training window of eight such or of 5000 rows, its newest fifth held out.

    A short history gives what it has: a fifth of it at most for the current window, three fifths for the training.

    >>> [str(span) for span in proposed_windows(timedelta(days=365), 100_000)]
    ['7 days, 0:00:00', '56 days, 0:00:00', '12 days, 0:00:00']
    >>> [str(span) for span in proposed_windows(timedelta(days=40), 2400)]
    ['7 days, 0:00:00', '21 days, 0:00:00', '5 days, 0:00:00']
    """
    pace = max(rows, 1) / max(length.total_seconds(), 1.0)
    fitting = [span for span in SPANS if span * 5 <= length] or [SPANS[0]]
    current = next((span for span in fitting if span.total_seconds() * pace >= 500), fitting[-1])
    wanted = max(8 * current, timedelta(seconds=min(5000 / pace, length.total_seconds())))
    training = max(2, min(wanted, length * 3 / 5) // current) * current
    step = _step(current)
    return current, training, -(-training // (5 * step)) * step


def _step(current: timedelta) -> timedelta:
    return timedelta(days=1) if current % timedelta(days=1) == timedelta() else timedelta(hours=1)


def moment_after(moment: datetime, current: timedelta) -> str:
    """The end of the window that holds the moment, as an argument for --now."""
    step = _step(current).total_seconds()
    up = math.ceil(moment.timestamp() / step) * step
    return f"{datetime.fromtimestamp(up, UTC):%Y-%m-%dT%H:%M}"
