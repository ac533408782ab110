"""Manifest of an output of `driftloop predict`: the spans of time that it has, by which version, and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftloop.monitoring.errors import OutputHasOther, OutputOverlaps
from driftloop.monitoring.records import Moment, Record, Window, changed

DAY = timedelta(days=1)


class Part(Record):
    """Span of an output that was written as one: half-open and within a day of UTC.

    `run` identifies the run with `--replace` that wrote it; it is empty for other runs.
    """

    start: Moment
    end: Moment
    version: str
    model_id: str
    rows: int
    run: str = ""

    @property
    def window(self) -> Window:
        return Window(start=self.start, end=self.end)


class Replacement(Record):
    """Run with `--replace` that has not ended: the same command continues it."""

    id: str
    window: Window
    version: str
    model_id: str


class Manifest(Record):
    """State of an output: its model, the columns of its rows, its parts in order of time.

    `key` names the columns that identify a row, where the config has `columns.id`.
    """

    format: int = 1
    model: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    replacement: Replacement | None = None

    def rows_within(self, window: Window) -> int | None:
        """Return the number of rows of a window; None if a part of the output is only partly in it."""
        touching = [part for part in self.parts if _overlap(part, window)]
        if any(part.start < window.start or part.end > window.end for part in touching):
            return None
        return sum(part.rows for part in touching)

    def with_parts(self, parts: Iterable[Part]) -> Manifest:
        """Return the manifest with parts in the place of those with the same span; without rows there is none."""
        kept = {(part.start, part.end): part for part in self.parts}
        for part in parts:
            kept.pop((part.start, part.end), None)
            if part.rows:
                kept[part.start, part.end] = part
        ordered = tuple(kept[span] for span in sorted(kept))
        return changed(self, parts=ordered)


@dataclass(frozen=True)
class Writer:
    """Identity of a run: the version that predicts, and the run's id if it replaces what is there."""

    version: str
    model_id: str
    run: str | None = None

    def wrote(self, part: Part) -> bool:
        """Return whether a part needs no other writing by this run."""
        same = (part.version, part.model_id) == (self.version, self.model_id)
        return same and self.run in (None, part.run)


def remaining(where: str, manifest: Manifest, window: Window, writer: Writer, a_day: int = 1) -> list[Window]:
    """Return the spans of a window that are still to be written, `a_day` per day of UTC, in order of time.

    Parts to be replaced keep their spans. Raises `OutputHasOther` if the output has another version's rows and they are
    not to be replaced, `OutputOverlaps` if such a part is only partly in the window.
    """
    touching = [part for part in manifest.parts if _overlap(part, window)]
    stale = [part for part in touching if not writer.wrote(part)]
    if stale and writer.run is None:
        versions = sorted({part.version for part in stale})
        span = Window(start=stale[0].start, end=stale[-1].end)
        raise OutputHasOther(where, str(span), versions, writer.version)
    for part in stale:
        if part.start < window.start or part.end > window.end:
            raise OutputOverlaps(where, str(part.window), str(window))
    gaps = [day for gap in _gaps(window, touching) for day in days(gap, a_day)]
    return sorted([*gaps, *(part.window for part in stale)], key=lambda span: span.start)


def days(window: Window, a_day: int = 1) -> Iterator[Window]:
    """Yield a window cut at midnight UTC, or into `a_day` equal spans per day.

    >>> long = Window(start=datetime(2026, 1, 1, 18), end=datetime(2026, 1, 3))
    >>> [str(day) for day in days(long)]
    ['2026-01-01 18:00 to 2026-01-02 00:00', '2026-01-02 to 2026-01-03']
    >>> [str(half) for half in days(Window(start=datetime(2026, 1, 1, 8), end=datetime(2026, 1, 1, 18)), a_day=2)]
    ['2026-01-01 08:00 to 2026-01-01 12:00', '2026-01-01 12:00 to 2026-01-01 18:00']
    """
    start, length = window.start, DAY / a_day
    while start < window.end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(midnight + length * ((start - midnight) // length + 1), window.end)
        yield Window(start=start, end=end)
        start = end


def _gaps(window: Window, parts: Iterable[Part]) -> Iterator[Window]:
    """Yield what parts, in order of time, leave of a window."""
    start: datetime = window.start
    for part in parts:
        if start < part.start:
            yield Window(start=start, end=part.start)
        start = max(start, part.end)
    if start < window.end:
        yield Window(start=start, end=window.end)


def _overlap(part: Part, window: Window) -> bool:
    return part.start < window.end and window.start < part.end
