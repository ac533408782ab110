"""Same period of an earlier year as the rows that drift is measured against: its span, and why it cannot be used.

A seasonal column differs from the newest training rows for most of the year. Compared with the same weeks of an earlier
year, only the change that the season does not explain is left. Decides no column.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from driftloop.monitoring.drift.settings import SIDE, whole
from driftloop.monitoring.drift.variation import FEWEST_BLOCKS, windows_of
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import FindingCode, Window

NO_SAME_PERIOD = FindingCode(
    name="no_same_period",
    severities=("warning",),
    meaning="`drift.reference: {same_period: ...}` is not possible, so drift is measured against the champion's "
    "reference",
    cause=f"the source has usable rows in fewer than {FEWEST_BLOCKS} windows of the earlier period",
    remedy="keep older rows in the source, or wait until the history is long enough; `driftloop validate` prints the "
    "date",
)


def same_period(window: Window, period: timedelta) -> Window:
    """Return the span of the same period: the window that long before `window`, and four windows on each side of it.

    >>> str(same_period(Window(start="2026-06-01", end="2026-06-08"), timedelta(days=365)))
    '2025-05-05 to 2025-07-07'
    """
    wide = SIDE * window.length
    return Window(start=window.start - whole(period) - wide, end=window.end - whole(period) + wide)


def reached_at(first: datetime, current: timedelta, period: timedelta) -> datetime:
    """Return the end of the first current window whose same period is all after the row at `first`."""
    return first + whole(period) + (SIDE + 1) * current


def unusable(profiles: Profiles | None, span: Window) -> str | None:
    """Return why the rows of the same period cannot be compared with; None if they can. `profiles` are of its rows."""
    if profiles is not None and windows_of(profiles):
        return None
    rows = f"{profiles.rows:,.0f}" if profiles is not None and profiles.rows else "no"
    return f"the source has {rows} rows in {span}: fewer than {FEWEST_BLOCKS} of its {2 * SIDE + 1} windows have enough"
