"""Note of a validation on `drift.reference`: how far the history reaches."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.drift.same_period import reached_at, same_period
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.config.project import Project


def reach(project: Project, first: datetime, now: datetime) -> tuple[bool, str] | None:
    """Return whether the history, which begins at `first`, reaches the same period of an earlier year, with a sentence.

    None without `drift.reference`.
    """
    if project.drift.reference is None:
        return None
    period, windows = project.drift.reference.same_period, project.windows
    moment = reached_at(first, windows.current, period)
    if moment <= now:
        earlier = same_period(current_window(now, windows), period)
        return True, f"drift is measured against the rows of {earlier}, if four of its windows have enough"
    text = f"the rows begin at {first:%Y-%m-%d}, so the history reaches the same period from {moment:%Y-%m-%d} on"
    return False, f"{text}; until about then drift is measured against the champion's reference"
