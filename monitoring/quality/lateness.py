"""How far labels are behind the rows, as sentences for the messages about labels that are missing."""

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
    """The times of the oldest row, of the newest row, and of the newest row with a label; None where there is none."""

    oldest: datetime | None = None
    newest: datetime | None = None
    labelled: datetime | None = None

    def __add__(self, other: Lateness) -> Lateness:
        return Lateness(
            min((one.oldest for one in (self, other) if one.oldest), default=None),
            max((one.newest for one in (self, other) if one.newest), default=None),
            max((one.labelled for one in (self, other) if one.labelled), default=None),
        )

    def sentence(self, delay: timedelta) -> str:
        """Return where labels and rows end, and the delay of the config.

        >>> late = Lateness(datetime(2026, 1, 1), datetime(2026, 3, 1, 9), datetime(2026, 2, 1))
        >>> late.sentence(timedelta())
        'the newest label is of 2026-02-01 00:00, the newest row of 2026-03-01 09:00, columns.label_delay is 0d'
        """
        if self.newest is None or self.oldest is None:
            return f"there are no rows, columns.label_delay is {format_duration(delay)}"
        label = (
            f"the newest label is of {self.labelled:%Y-%m-%d %H:%M}"
            if self.labelled
            else f"no row since {self.oldest:%Y-%m-%d %H:%M} has a label"
        )
        return (
            f"{label}, the newest row of {self.newest:%Y-%m-%d %H:%M}, columns.label_delay is {format_duration(delay)}"
        )

    def remedy(self, delay: timedelta) -> str:
        """Return what to do: a delay that fits, if the labels that are there tell one.

        >>> late = Lateness(datetime(2026, 1, 1), datetime(2026, 3, 1, 9), datetime(2026, 2, 1))
        >>> late.remedy(timedelta())
        'bring the labels; if they always come this late, set columns.label_delay: 29d'
        """
        if self.newest is None or self.labelled is None:
            return "bring the labels; if they come later than these rows, set columns.label_delay to how late they come"
        behind = self.newest - self.labelled
        unit = DAY if behind > 20 * HOUR else HOUR
        needed = -(-behind // unit) * unit
        if needed <= delay:
            return "bring the labels that are missing"
        return f"bring the labels; if they always come this late, set columns.label_delay: {format_duration(needed)}"


def lateness(frame: pd.DataFrame, time: str, target: str) -> Lateness:
    """Return how far the labels of canonical rows, in any order, are behind the rows."""
    if frame.empty:
        return Lateness()
    times = frame[time]
    labelled = times[frame[target].notna()]
    newest = labelled.max().to_pydatetime() if len(labelled) else None
    return Lateness(times.min().to_pydatetime(), times.max().to_pydatetime(), newest)
