"""History cut into batches of the length of a check's window, or of N rows. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring import sources
from driftloop.monitoring.errors import HistoryTooShort
from driftloop.monitoring.ledger import digest as named_by
from driftloop.monitoring.quality.times import in_no_window
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.weights import effective_rows, labelled, weights_of
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.windows import Windows
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.backtest.label_times import LabelTimes, label_times
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.selection import MOST_COMPARED, sampled

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Stamps = NDArray[np.int64]
NEEDED = 10
# The mean loss of fewer labeled rows says nothing; the trigger performance_drop asks for as many.
MIN_LABELS = 30
MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Batches:
    """Rows in order of time, and the positions of the batches.

    Batch k is `frame.iloc[starts[k]:stops[k]]`, spans `windows[k]` and has `labelled[k]` rows with a label, of which
    the effective number counts under weights. The first
    model is trained at the end of batch `first`; earlier batches are only trained on. From batch `full` on
    there is a whole training window before a batch's end. `notes` list skipped rows with the reason.
    `labels` has the times of labels in a table of their own.
    """

    frame: pd.DataFrame
    digest: str
    windows: tuple[Window, ...]
    starts: Stamps
    stops: Stamps
    labelled: Stamps
    first: int
    full: int
    notes: tuple[str, ...]
    labels: LabelTimes | None = None

    def __len__(self) -> int:
        """Count the batches that models are trained at and scored on."""
        return len(self.windows) - self.first

    @property
    def length(self) -> timedelta:
        """The usual span of a batch."""
        return timedelta(seconds=float(np.median([window.length.total_seconds() for window in self.windows])))


@sources.pinned()
def read_batches(config: Project, batch: timedelta | int | None, now: datetime) -> Batches:
    """Read all rows that the source has until `now`, canonical as a check reads them, and cut them (see `cut`)."""
    there = sources.span(config.source, config.reading, config.folder)
    if there is None or there.start >= now:
        raise HistoryTooShort(
            "the source has no row with a time" if there is None else f"the first row is of {there.start:%Y-%m-%d}",
            needed=NEEDED,
            remedy="check source and columns.time; --now sets another present",
        )
    late = there.end > now
    window = Window(start=there.start, end=min(there.end, now))
    fresh = read_fresh(Query(config, window, config.folder, now))
    notes = [f"rows after {now:%Y-%m-%d %H:%M} are skipped: they are in the future"] if late else []
    strays = sources.count_strays(config.source, config.reading, now, config.folder)
    notes += [finding.message for finding in (*in_no_window(strays), *fresh.findings)]
    seed = config.training.seed
    rows = sampled(fresh, config.training.max_rows or MOST_COMPARED, seed)
    note = rows.note(seed)
    notes += [note] if note else []
    named = fresh.digest if rows.places is None else named_by(fresh.digest, len(rows.places), seed)
    made = cut(rows.frame, config, batch, notes=tuple(notes), digest=named)
    return replace(made, labels=label_times(config, fresh, rows, window, now))


def cut(
    frame: pd.DataFrame,
    config: Project,
    batch: timedelta | int | None = None,
    *,
    notes: tuple[str, ...] = (),
    digest: str = "",
) -> Batches:
    """Cut canonical rows, in order of time, into batches of a span (default: windows.current) or of a number of rows.

    The last batch ends where labels are complete: `label_delay` before the newest row, rounded down as the current
    window of a check is. A span with fewer than preflight.min_rows rows is skipped, as it is no check, and so is one
    with fewer than 30 labels. Batches of a number of rows are counted from the newest one, so that the remainder is at
    the beginning. The first model is trained when training.window is full, but not later than after a fifth of the
    batches. Fewer than 10 batches from there on raise `HistoryTooShort`.
    """
    span = batch if batch is not None else config.windows.current
    stamps = _stamps(frame[config.columns.time])
    known = labelled(frame, config.columns)
    if not len(frame):
        raise HistoryTooShort("there is no row", needed=NEEDED, remedy="check source and columns.filter")
    due = frame[config.columns.time].iloc[-1].to_pydatetime() + MICRO - config.columns.label_delay
    if isinstance(span, int):
        starts, stops, windows, more = _by_rows(stamps, known, span, _micros(due))
    else:
        starts, stops, windows, more = _by_time(stamps, known, span, due, config)
    full = _full(windows, config.training.window)
    first = min(full, len(windows) // 5)
    if len(windows) - first < NEEDED:
        raise _too_short(len(windows), first, span, config, stamps)
    counted = np.concatenate([[0], np.cumsum(known)])
    worth = counted[stops] - counted[starts]
    weights = weights_of(frame, config.columns)
    if weights is not None:
        spans = zip(starts.tolist(), stops.tolist(), strict=True)
        worth = np.array([round(effective_rows(weights[a:b] * known[a:b])) for a, b in spans], dtype=np.int64)
    return Batches(frame.iloc[: stops[-1]], digest, windows, starts, stops, worth, first, full, notes + more)


def _by_time(
    stamps: Stamps, known: NDArray[Any], span: timedelta, due: datetime, config: Project
) -> tuple[Stamps, Stamps, tuple[Window, ...], tuple[str, ...]]:
    last = current_window(due, Windows(current=span, align=config.windows.align)).end
    length, end = span // MICRO, _micros(last)
    inside = stamps < end
    # 0 is the newest batch. Only spans that hold rows are looked at, however long the time in between.
    back = (end - 1 - stamps[inside]) // length
    places, at, rows = np.unique(back, return_inverse=True, return_counts=True)
    labelled = np.bincount(at, weights=known[inside], minlength=len(places))
    full = rows >= config.preflight.min_rows
    kept = places[full & (labelled >= MIN_LABELS)][::-1]
    bounds = end - length * (kept + 1)
    windows = tuple(Window(start=_moment(start), end=_moment(start + length)) for start in bounds)
    starts, stops = np.searchsorted(stamps, bounds), np.searchsorted(stamps, bounds + length)
    return starts, stops, windows, _left_out(windows, span, config, int((full & (labelled < MIN_LABELS)).sum()))


def _left_out(windows: tuple[Window, ...], span: timedelta, config: Project, unlabelled: int) -> tuple[str, ...]:
    """Describe the rows between the batches."""
    each = format_duration(span)
    holes = [(later.start - earlier.end, earlier.end, later.start) for earlier, later in pairwise(windows)]
    lost = sum(int(hole / span) for hole, _, _ in holes) - unlabelled
    notes = []
    if unlabelled:
        notes.append(f"spans of {each} with fewer than {MIN_LABELS} labeled rows are left out: {unlabelled}")
    if lost > 0:
        _, begun, ended = max(holes)
        notes.append(
            f"spans of {each} with fewer than {config.preflight.min_rows:,} rows (preflight.min_rows) are left out: "
            f"{lost}; the longest hole is {begun:%Y-%m-%d} to {ended:%Y-%m-%d}"
        )
    return tuple(notes)


def _by_rows(
    stamps: Stamps, known: NDArray[Any], size: int, due: int
) -> tuple[Stamps, Stamps, tuple[Window, ...], tuple[str, ...]]:
    end = int(np.searchsorted(stamps, due))
    starts = np.arange(end % size, end - size + 1, size)
    stops = starts + size
    counted = np.concatenate([[0], np.cumsum(known)])
    labelled = counted[stops] - counted[starts] >= min(MIN_LABELS, size)
    ends = np.array([stamps[stop] if stop < len(stamps) else stamps[-1] + 1 for stop in stops], dtype=np.int64)
    # All rows of a batch may be of one moment, and a window is never empty.
    ends = np.maximum(ends, stamps[starts] + 1) if len(starts) else ends
    windows = tuple(
        Window(start=_moment(start), end=_moment(stop))
        for start, stop, full in zip(stamps[starts], ends, labelled, strict=True)
        if full
    )
    lost = int((~labelled).sum())
    notes = (f"batches of {size:,} rows with fewer than {MIN_LABELS} labels are left out: {lost}",) if lost else ()
    return starts[labelled], stops[labelled], windows, notes


def _full(windows: tuple[Window, ...], training: timedelta) -> int:
    """The first batch with a whole training window before its end; as many as there are, if none has."""
    full = (at for at, window in enumerate(windows) if window.end - training >= windows[0].start)
    return next(full, len(windows))


def _too_short(found: int, first: int, span: timedelta | int, config: Project, stamps: Stamps) -> HistoryTooShort:
    length = f"{span:,} rows" if isinstance(span, int) else format_duration(span)
    needs = "" if isinstance(span, int) else f" with at least {config.preflight.min_rows:,} rows"
    ends = f"{_moment(stamps[0]):%Y-%m-%d} to {_moment(stamps[-1]):%Y-%m-%d}"
    message = f"{len(stamps):,} rows of {ends} make {found} batches of {length}{needs}"
    if first:
        message += f", of which the first {first} are only learned from"
    # Two more than needed leaves room for the first training.
    size = len(stamps) // (NEEDED * 5 // 4 + 2)
    shorter = size >= max(MIN_LABELS, config.training.min_rows // 5)
    remedy = f"`--batch {size}` makes enough of them" if shorter else "gather more history"
    return HistoryTooShort(
        message, needed=NEEDED, remedy=f"{remedy}; or read more of the past (source, columns.filter)"
    )


def _stamps(times: pd.Series[Any]) -> Stamps:
    """Microseconds since 1970."""
    made: Stamps = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return made


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICRO


def _moment(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(stamp))


def notes_on(batches: Batches, impossible: Mapping[int, str], first: int) -> tuple[str, ...]:
    """Describe where no model could be trained: `impossible` are the reasons by batch, empty where one could."""
    notes = []
    if first > batches.first:
        why = impossible[batches.first]
        notes.append(f"{first - batches.first} batches come before the first possible training run ({why})")
    skipped = [at for at in sorted(impossible) if impossible[at] and at > first]
    if skipped:
        when = f"{batches.windows[skipped[0]].end:%Y-%m-%d}"
        why = impossible[skipped[0]]
        notes.append(
            f"{len(skipped)} training runs were impossible, the first at {when} ({why}): the earlier model stays"
        )
    return tuple(notes)
