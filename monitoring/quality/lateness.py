"""Delay of the labels behind the rows, as sentences for messages about missing labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from driftloop.monitoring.settings.durations import format_duration

if TYPE_CHECKING:
    import pandas as pd

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Lateness:
    """Times of the oldest row, the newest row, and the newest row with a label; None without such a row."""

    oldest: datetime | None = None
    newest: datetime | None = None
    labelled: datetime | None = None

    def __add__(self, other: Lateness) -> Lateness:
        return Lateness(
            min((part.oldest for part in (self, other) if part.oldest), default=None),
            max((part.newest for part in (self, other) if part.newest), default=None),
            max((part.labelled for part in (self, other) if part.labelled), default=None),
        )

    def sentence(self, delay: timedelta) -> str:
        """Return where labels and rows end, and the delay of the config.

        >>> late = Lateness(datetime(2026, 1, 1), datetime(2026, 3, 1, 9), datetime(2026, 2, 1))
        >>> late.sentence(timedelta())
        'the newest label is from 2026-02-01 00:00, the newest row from 2026-03-01 09:00; columns.label_delay is 0d'
        """
        if self.newest is None or self.oldest is None:
            return f"there are no rows; columns.label_delay is {format_duration(delay)}"
        label = (
            f"the newest label is from {self.labelled:%Y-%m-%d %H:%M}"
            if self.labelled
            else f"no row since {self.oldest:%Y-%m-%d %H:%M} has a label"
        )
        return (
            f"{label}, the newest row from {self.newest:%Y-%m-%d %H:%M}; "
            f"columns.label_delay is {format_duration(delay)}"
        )

    def remedy(self, delay: timedelta) -> str:
        """Return what to do, with a delay that fits the existing labels if there are any.

        >>> late = Lateness(datetime(2026, 1, 1), datetime(2026, 3, 1, 9), datetime(2026, 2, 1))
        >>> late.remedy(timedelta())
        'deliver the labels; if they always arrive this late, set columns.label_delay: 29d'
        """
        if self.newest is None or self.labelled is None:
            return "deliver the labels; if they arrive later than these rows, set columns.label_delay to their delay"
        gap = self.newest - self.labelled
        unit = DAY if gap > 20 * HOUR else HOUR
        needed = -(-gap // unit) * unit
        if needed <= delay:
            return "deliver the missing labels"
        return (
            f"deliver the labels; if they always arrive this late, set columns.label_delay: {format_duration(needed)}"
        )


def lateness(frame: pd.DataFrame, time: str, target: str) -> Lateness:
    """Return how far the labels of canonical rows, in any order, are behind the rows."""
    if frame.empty:
        return Lateness()
    times = frame[time]
    labelled = times[frame[target].notna()]
    newest = labelled.max().to_pydatetime() if len(labelled) else None
    return Lateness(times.min().to_pydatetime(), times.max().to_pydatetime(), newest)
