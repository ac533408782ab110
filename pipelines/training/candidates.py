"""Candidates for the training rows: the spans to choose from, their rows, and the best one. Reads nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.monitoring.drift.seasons import most_similar
from driftloop.monitoring.profiles import first, like
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.weights import as_rows, labelled, weights_of
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.windows import within
from driftloop.pipelines.training.steps import Parts

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

PLAIN = "last_w"


@dataclass(frozen=True)
class Candidate:
    """A span to train on. `name` is its key in metrics, `title` its name in sentences.

    A candidate without `ends` reaches up to the newest row that may be learned from.
    """

    name: str
    title: str
    starts: datetime
    ends: datetime | None = None

    def rows(self, frame: pd.DataFrame, time: str, newest: datetime) -> pd.DataFrame:
        """The rows of the span before `newest`, in their order."""
        end = min(newest, self.ends) if self.ends else newest
        return frame[(frame[time] >= self.starts) & (frame[time] < end)]


def candidates(config: Project, frame: pd.DataFrame, window: Window, judged: pd.DataFrame) -> tuple[Candidate, ...]:
    """The last W first, then twice that, all there is, and the span of the past whose inputs look most like `judged`.

    `frame` holds all rows of the history in order of time. A candidate that would see no more rows than the one
    before it is left out.
    """
    time, span = config.columns.time, config.training.window
    begins = frame[time].iloc[0].to_pydatetime()
    found = [Candidate(PLAIN, f"the last {format_duration(span)}", window.start)]
    if begins < window.start:
        found.append(Candidate("last_2w", f"the last {format_duration(2 * span)}", window.start - span))
    if begins < window.start - span:
        found.append(Candidate("everything", f"everything since {begins:%Y-%m-%d}", begins))
    season = _season(config, frame, window, judged)
    return (*found, season) if season else tuple(found)


def halves(holdout: pd.DataFrame, time: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Held-out rows in two, by time: the older ones choose, the newer ones stay for the gate. No moment is in both."""
    if holdout.empty:
        return holdout, holdout
    middle = holdout[time].iloc[len(holdout) // 2]
    return holdout[holdout[time] < middle], holdout[holdout[time] >= middle]


def parts_of(candidate: Candidate, frame: pd.DataFrame, gate: pd.DataFrame, config: Project) -> Parts:
    """What to learn from, up to the label delay before the gate's rows, and the gate's rows."""
    columns = config.columns
    newest = gate[columns.time].iloc[0].to_pydatetime() - columns.label_delay
    train = candidate.rows(frame, columns.time, newest)
    return Parts(train=train[labelled(train, columns)], holdout=gate)


def pick(losses: Mapping[str, float | None]) -> str:
    """Return the name of the lowest loss; a tie keeps the first one, which is the last W. None was not measured.

    >>> pick({"last_w": 3.0, "last_2w": 3.0, "everything": None}), pick({"last_w": None, "last_2w": 9.0})
    ('last_w', 'last_2w')
    """
    known = {name: loss for name, loss in losses.items() if loss is not None and not math.isnan(loss)}
    return min(known, key=lambda name: known[name]) if known else next(iter(losses))


def _season(config: Project, frame: pd.DataFrame, window: Window, judged: pd.DataFrame) -> Candidate | None:
    """The span before the last W, cut into current windows, that is nearest to `judged` by the profiles of its inputs.

    As long as W, in whole current windows, the oldest at least half there. The rows right before W are left to the
    longer candidates.
    """
    columns, step = config.columns, config.windows.current
    span = max(1, round(config.training.window / step))
    batches: list[Window] = []
    end = window.start - step
    while end - step / 2 >= frame[columns.time].iloc[0]:
        batches.append(Window(start=end - step, end=end))
        end -= step
    batches.reverse()
    if len(batches) < span:
        return None
    kinds = {name: config.kind(name) for name in columns.features}
    now = first(judged, kinds, weights=weights_of(judged, columns))
    spans = [within(frame, columns.time, batch) for batch in batches]
    past = [like(now, rows, as_rows(weights_of(rows, columns))) for rows in spans]
    at = most_similar(now, past, span)
    if at is None:
        return None
    starts, ends = batches[at].start, batches[at].start + span * step
    return Candidate("season", f"the season {Window(start=starts, end=ends)}", starts, ends)


def used(candidate: Candidate, frame: pd.DataFrame, time: str, held_out_since: datetime) -> pd.DataFrame:
    """Return all rows of a choice: its own, and the held-out ones; its reference is drawn from them."""
    own = candidate.rows(frame, time, frame[time].iloc[-1].to_pydatetime() + timedelta(microseconds=1))
    return frame.loc[own.index.union(frame.index[frame[time] >= held_out_since])]
