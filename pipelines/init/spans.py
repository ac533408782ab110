"""Which spans of time suit a history: the windows that `driftloop init` proposes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from driftloop.pipelines.init.timeline import Timeline

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# A day has its own rhythm, and so has a week: shorter windows are for histories of less than two weeks.
SPANS = (DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY)
SHORT_SPANS = (10 * MINUTE, HOUR, 6 * HOUR, DAY)
LONG = 14 * DAY
# Labeled rows, and rows of the second most frequent class, that a current window should have, the first that fits;
# a day, which is one of seven kinds of day, twice the rows.
NEEDS = ((100, 10.0), (25, 3.0))
# What a challenger learns from, and what the gate and the choice of a window are judged on, one half each.
LEARN_ROWS, LEARN_RARE = 1000, 200
HELD_ROWS, HELD_RARE = 200, 120
ROWS_PER_FEATURE = 30
BATCHES = 4
# Where a history has two years, a model learns from a whole one: from less it knows a part of the seasons. Twice as
# many rows as this, which `choose` may try, take some gigabytes of memory.
YEAR, TWO_YEARS, MOST_ROWS = 365 * DAY, 728 * DAY, 1_000_000


@dataclass(frozen=True)
class Spans:
    """The spans of a model file, and what they hold: labeled rows of a typical current window, and by the day."""

    current: timedelta
    training: timedelta
    holdout: timedelta
    delay: timedelta
    rows: int
    pace: float

    def held(self, span: timedelta) -> int:
        """Return about how many labeled rows a span holds."""
        return int(self.pace * span.total_seconds())


def proposed(timeline: Timeline, delay: timedelta, *, rare: float = 1.0, features: int = 1) -> Spans:
    """Return the shortest windows that the numbers of labeled rows support.

    `rare` is the share of the second most frequent class, 1 where there are none. The current window holds a hundred
    labeled rows, the holdout enough for the choice of a window and for the gate, and the rest of the training window a
    thousand, four current windows, and four weeks. A short history uses three fifths to train on; one of two years a
    whole year, if that has at most a million labeled rows.
    """
    end = timeline.end - delay
    length = max(end - timeline.start, timeline.step)
    current = _current(timeline, end, length, rare)
    step = DAY if current >= DAY else HOUR if current >= HOUR else MINUTE
    rows = timeline.typical(current, end)
    pace = (rows or timeline.labelled / (length / current)) / current.total_seconds()
    held = max(_holding(pace, rare, HELD_ROWS, HELD_RARE), step)
    learned = _holding(pace, rare, max(LEARN_ROWS, ROWS_PER_FEATURE * features), LEARN_RARE)
    wanted = max(held + learned, BATCHES * current, 28 * DAY if current >= DAY else timedelta())
    # The gap of the label delay before the holdout is read beside the window.
    most = max(min(length * 3 / 5, length - current - delay), 2 * step)
    training = min(wanted, most)
    holdout = min(max(held, training / 5), training * 2 / 5)
    unit = current if most >= BATCHES * current else step
    training = max(_up(training, unit) if wanted < most else training // unit * unit, 2 * step)
    holdout, half = _up(holdout, step), max(training // (2 * step) * step, step)
    while holdout < half and timeline.typical(holdout, end) < min(HELD_ROWS / 2, rows):
        holdout += step  # batches come less often
    holdout = min(holdout, half)
    if length >= TWO_YEARS and pace * YEAR.total_seconds() <= MOST_ROWS:
        training = max(training, _up(YEAR, unit))
    return Spans(current, training, holdout, delay, int(rows), pace)


def _holding(pace: float, rare: float, rows: float, of_the_rare: float) -> timedelta:
    """Return the span that contains these numbers of labeled rows and of rows of the rare class."""
    seconds = max(rows, of_the_rare / rare if rare < 1 else 0) / max(pace, 1e-9)
    return timedelta(seconds=min(seconds, 1e9))


def _current(timeline: Timeline, end: datetime, length: timedelta, rare: float) -> timedelta:
    spans = [span for span in (SPANS if length >= LONG else SHORT_SPANS) if span * 4 <= length]
    spans = spans or [SHORT_SPANS[0]]
    typical = {span: timeline.typical(span, end) for span in spans}
    for rows, of_the_rare in NEEDS:
        for span in spans:
            enough = rows * (2 if span <= DAY else 1)
            if typical[span] >= enough and (rare == 1 or typical[span] * rare >= of_the_rare):
                return span
    return max(spans, key=lambda span: (min(typical[span], NEEDS[-1][0]), span))


def _up(span: timedelta, step: timedelta) -> timedelta:
    return -(-span // step) * step


def moment_after(moment: datetime, current: timedelta) -> str:
    """The end of the window that holds the moment, as an argument for --now."""
    step = (DAY if current % DAY == timedelta() else HOUR if current % HOUR == timedelta() else MINUTE).total_seconds()
    up = math.ceil(moment.timestamp() / step) * step
    return f"{datetime.fromtimestamp(up, UTC):%Y-%m-%dT%H:%M}"
