"""How many rows and labels a source has over time: where its history begins and ends, and how late labels come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Spans shorter than this are counted by the minute.
SHORT = timedelta(days=4)
# The share of rows at either end of time that may be odd: 1970, 2099, a wrong clock.
ODD = 0.005
# A label may be missing for other reasons than its age.
LESS = 0.1
CHUNK = 30


@dataclass(frozen=True)
class Timeline:
    """Rows and labeled rows by `step` of time; `starts` are seconds since 1970, sorted, only of steps with rows.

    `newest` and `newest_label` are the times of the newest row and of the newest row with a label.
    """

    step: timedelta
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    newest: datetime
    newest_label: datetime | None

    @property
    def total(self) -> int:
        return int(self.rows.sum())

    @property
    def labelled(self) -> int:
        return int(self.labels.sum())

    @property
    def start(self) -> datetime:
        return datetime.fromtimestamp(int(self.starts[0]), UTC)

    @property
    def end(self) -> datetime:
        return self.newest + timedelta(microseconds=1)

    def typical(self, span: timedelta, end: datetime) -> float:
        """Return the median number of labeled rows in windows of `span` that end at `end`; empty ones count.

        Bursts and gaps do not move it, and batches that come less often than the span make it 0.
        """
        windows = int((end - self.start) / span)
        if windows < 1:
            return float(self.labels[self.starts < end.timestamp()].sum())
        age = (end.timestamp() - 1 - self.starts) // span.total_seconds()
        inside = (age >= 0) & (age < windows)
        return float(np.median(np.bincount(age[inside].astype(np.int64), self.labels[inside], minlength=windows)))


def counted(frames: Iterable[pd.DataFrame], time: str, target: str, length: timedelta) -> Timeline | None:
    """Count the rows of frames as they come, in memory that does not grow with them; None without a row."""
    step = HOUR if length > SHORT else MINUTE
    seconds = int(step.total_seconds())
    found: dict[int, NDArray[np.int64]] = {}
    newest, newest_label = [], []
    for frame in frames:
        if frame.empty:
            continue
        known = frame[target].notna().to_numpy()
        moments = frame[time].dt.as_unit("us").dt.tz_convert(None).to_numpy().astype(np.int64)
        steps, places = np.unique(moments // (seconds * 1_000_000), return_inverse=True)
        both = np.stack([np.bincount(places), np.bincount(places, known)], axis=1).astype(np.int64)
        for at, counts in zip(steps.tolist(), both, strict=True):
            found[at] = found.get(at, 0) + counts
        newest.append(frame[time].max())
        newest_label += [frame[time][known].max()] if known.any() else []
    if not found:
        return None
    starts = np.array(sorted(found), dtype=np.int64)
    counts = np.stack([found[at] for at in starts.tolist()])
    late = max(newest_label).to_pydatetime() if newest_label else None
    return Timeline(step, starts * seconds, counts[:, 0], counts[:, 1], max(newest).to_pydatetime(), late)


def trimmed(timeline: Timeline, now: datetime) -> tuple[Timeline, int]:
    """Return the history without the few rows whose times are far from all others or in the future, and their number.

    Rows after `now` are left out only if the greater part is before it: a history may be made up as a whole.
    """
    starts, share = timeline.starts, np.cumsum(timeline.rows) / timeline.total
    low = int(np.searchsorted(share, ODD, side="right"))
    high = int(np.searchsorted(share, 1 - ODD, side="left"))
    gap = max(int(starts[high] - starts[low]) / 5, timeline.step.total_seconds())
    while low > 0 and starts[low] - starts[low - 1] <= gap:
        low -= 1
    while high + 1 < len(starts) and starts[high + 1] - starts[high] <= gap:
        high += 1
    kept = np.zeros(len(starts), dtype=bool)
    kept[low : high + 1] = True
    past = starts < now.timestamp()
    if timeline.rows[kept & past].sum() * 2 > timeline.rows[kept].sum():
        kept &= past
    if kept.all():
        return timeline, 0
    last = datetime.fromtimestamp(int(starts[kept][-1]), UTC) + timeline.step - timedelta(microseconds=1)
    known = starts[kept & (timeline.labels > 0)]
    label = datetime.fromtimestamp(int(known[-1]), UTC) if len(known) else None
    less = replace(
        timeline,
        starts=starts[kept],
        rows=timeline.rows[kept],
        labels=timeline.labels[kept],
        newest=min(last, timeline.newest),
        newest_label=label if label is None or timeline.newest_label is None else min(timeline.newest_label, last),
    )
    return less, timeline.total - less.total


def label_delay(timeline: Timeline) -> timedelta:
    """Return how old rows are when their labels are complete, in whole days or hours; zero if they come immediately.

    Complete is a share of labels as older rows have it, less what chance explains. A few rows without labels at the
    end are ignored.
    """
    chunks = _chunks(timeline)
    rows, labels = timeline.rows, timeline.labels
    shares = np.array([labels[a:b].sum() / rows[a:b].sum() for a, b in chunks])
    sizes = np.array([rows[a:b].sum() for a, b in chunks])
    if len(chunks) < 3 or not labels.sum():
        return timedelta()
    usual = float(np.quantile(shares, 0.75))
    bar = usual - LESS - 3 * np.sqrt(usual * (1 - usual) / sizes)
    complete = shares >= bar
    # Two in a row, newest first, so that a lucky one among incomplete ones does not count.
    newest = next((at for at in range(len(chunks)) if complete[at : at + 2].all()), 0)
    if newest == 0:
        return timedelta()
    first_open = int(timeline.starts[chunks[newest - 1][0]])
    delay = timeline.newest - datetime.fromtimestamp(first_open, UTC)
    if timeline.newest_label is not None and usual > 1 - LESS:
        # Labels that end sharply end at the newest label, which may be inside of a step.
        delay = max(timeline.newest - timeline.newest_label, delay - timeline.step)
    unit = timedelta(days=1) if delay > timedelta(hours=20) else HOUR
    return -(-delay // unit) * unit


def _chunks(timeline: Timeline) -> list[tuple[int, int]]:
    """Neighboring steps with enough rows for a share, newest first, as slices."""
    found: list[tuple[int, int]] = []
    end, rows = len(timeline.rows), 0
    for at in range(len(timeline.rows) - 1, -1, -1):
        rows += int(timeline.rows[at])
        if rows >= CHUNK:
            found.append((at, end))
            end, rows = at, 0
    return found
