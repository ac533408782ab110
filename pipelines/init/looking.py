"""What a source holds, as `driftloop init` needs it: a sample in order of time, and counts of all rows over time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import BadExpression, ConfigError, DriftloopError
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.settings.columns import PREDICTION, Columns, ColumnType
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.init.calendar_features import is_text, time_parts
from driftloop.pipelines.init.guess import Guess, NothingToLookAt, chosen_time, look
from driftloop.pipelines.init.joined import Apart, apart
from driftloop.pipelines.init.notes import counting
from driftloop.pipelines.init.scored import Scored, scored
from driftloop.pipelines.init.timeline import Timeline, counted, trimmed
from driftloop.pipelines.init.times import without_offset
from driftloop.pipelines.runtime import phases

if TYPE_CHECKING:
    import pandas as pd

PIECE = 65_536
PART = "driftloop: "


@dataclass(frozen=True)
class Look:
    """The guess, with the sample in order of time and the parts of its times, and results from all rows.

    `odd` is the number of rows whose times are far from all others, `unusable` that of rows without a usable time;
    `classes` are the rows by class, `apart` is the table of the labels where they have one, `scored` that of the
    predictions of a model elsewhere.
    """

    guess: Guess
    frame: pd.DataFrame
    parts: dict[str, pd.Series]
    timeline: Timeline
    classes: Counter[str]
    odd: int
    unusable: int
    apart: Apart | None = None
    scored: Scored | None = None


def looked(
    given: Source,
    data: str,
    target: str | None,
    time: str | None,
    time_format: str | None,
    outcomes: Source | None = None,
    predictions: tuple[Source, str | None] | None = None,
) -> Look:
    """Look at the rows of a source, with their labels from `outcomes` if these are apart.

    `predictions` are the table of the predictions of a model elsewhere and the column that was given for them.
    """
    from driftloop.monitoring import sources

    phases.enter("reading a sample of the rows")
    frame = sources.sample(given, Path.cwd())
    time, times = chosen_time(frame, given, time, time_format)
    times, span = _spanned(given, frame, time, times)
    if span is None:
        raise NothingToLookAt(data)
    found = apart(frame, outcomes, target) if outcomes is not None else None
    scores = scored(frame, *predictions, found.id if found else None) if predictions is not None else None
    frame, parts = _sampled(given, time, times, text=is_text(frame[time]))
    ids = frame[scores.id] if scores is not None else None
    if found is not None:
        frame, target = found.attached(frame, given, _least(frame, time, times, found)), found.target
    if scores is not None and ids is not None:
        frame = scores.without(frame, ids, given)
    guess = replace(look(frame, given, given_target=target, given_time=time), times=times)
    guess = replace(
        guess, naive=without_offset(frame[time], times), timed=0 if time_format else int(frame[time].count())
    )
    if found is not None and outcomes is not None:
        found.without(guess.no_label, outcomes)
        guess = replace(guess, written={k: how for k, how in guess.written.items() if k != found.target}, no_label=())
    columns = guess.least()
    if found is not None:
        types: dict[str, ColumnType] = {} if guess.has_classes else {guess.target: "number"}
        columns = found.reading(changed(columns, types={}), {**types, **columns.types})
    classes: Counter[str] = Counter()
    phases.enter("counting all rows over time")
    with sources.stream_rows(given, columns, EVER, Path.cwd(), PIECE, EVER.end) as stream:
        frames = found.observing(stream.frames, guess.time) if found is not None else stream.frames
        frames = counting(frames, guess.target, classes) if guess.has_classes else frames
        timeline = counted(frames, guess.time, guess.target, span.length)
    if timeline is None:
        raise NothingToLookAt(data)
    timeline, odd = _history(timeline)
    strays = sources.count_strays(given, columns, datetime.now(UTC), Path.cwd())
    return Look(guess, frame, parts, timeline, classes, odd, strays.timeless + strays.outside, found, scores)


def _history(timeline: Timeline) -> tuple[Timeline, int]:
    """The timeline without rows far from all others, and their number. ConfigError if that is one moment."""
    timeline, odd = trimmed(timeline, datetime.now(UTC))
    if timeline.end - timeline.start <= timeline.step:
        raise ConfigError(
            "init",
            "--time",
            f"all {timeline.total:,} rows have the time {timeline.newest:%Y-%m-%d %H:%M}",
            expected="a history: rows of many moments, from which windows can be cut",
            remedy="give a file or table with the rows of several days, or name another time column with --time",
        )
    return timeline, odd


def _least(frame: pd.DataFrame, time: str, times: tuple[str, ...], found: Apart) -> Columns:
    """The fewest columns that a reading of ids and labels takes."""
    feature = next(str(name) for name in frame.columns if name not in {time, found.id, found.target})
    derived = {time: times[0]} if times else {}
    return Columns(time=time, target=found.target, categorical=(feature,), derived=derived)


def _sampled(
    given: Source, time: str, times: tuple[str, ...], *, text: bool
) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Rows of the whole history, and the parts of their times as the engine reads them: none if it cannot."""
    from driftloop.monitoring import sources

    how = times[0] if times else None
    moment = f"({how})" if how else column_sql(given, time)
    wanted = {f"{PART}{part}": sql for part, sql in time_parts(given, moment, text=text and not times).items()}
    try:
        frame = sources.sample(given, Path.cwd(), time=time, how=how, more=wanted)
    except DriftloopError:
        if not wanted:
            raise
        return sources.sample(given, Path.cwd(), time=time, how=how), {}
    return frame, {name.removeprefix(PART): frame.pop(name) for name in wanted}


def _spanned(
    given: Source, frame: pd.DataFrame, time: str, times: tuple[str, ...]
) -> tuple[tuple[str, ...], Window | None]:
    """Return at most one expression for the time, and the span of all rows, which a sample cannot show."""
    from driftloop.monitoring import sources

    others = [str(name) for name in frame.columns if str(name) not in {time, PREDICTION, ""}]
    if len(others) < 2:
        raise ConfigError(
            "init",
            "columns",
            f"{time!r} is the only column" if not others else f"{time!r} and {others[0]!r} are the only columns",
            expected="a target and at least one feature in addition to the time",
            remedy="give a file or table with such columns",
        )
    spans: dict[tuple[str, ...], Window | None] = {}
    refused: BadExpression | None = None
    for one in [times[at : at + 1] for at in range(len(times) or 1)]:
        columns = Columns(time=time, target=others[0], categorical=(others[1],), derived={time: one[0]} if one else {})
        try:
            spans[one] = sources.span(given, columns, Path.cwd())
        except BadExpression as error:
            refused = refused or error
    if refused is not None and not spans:
        raise refused
    if len(spans) > 1:
        raise ConfigError(
            "init",
            "--time",
            f"{time!r} can be read as {' or as '.join(how for (how,) in spans)}",
            expected="times that are read in one way",
            remedy=f"say which: --time {time} --time-format FORMAT, the text between the single quotes",
        )
    ((found, span),) = spans.items()
    return found, span
