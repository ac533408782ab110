"""Look at the columns of a file or table and write a commented config for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from driftloop.monitoring.errors import BadExpression, ConfigError, DriftloopError
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.settings.columns import PREDICTION, Columns, ColumnType
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.config.json_schema import write_schema
from driftloop.pipelines.config.refusal import config_error
from driftloop.pipelines.init.calendar_features import calendar_of, is_text, time_parts
from driftloop.pipelines.init.guess import Guess, NothingToLookAt, chosen_time, look
from driftloop.pipelines.init.imbalance import imbalance
from driftloop.pipelines.init.joined import Apart, apart
from driftloop.pipelines.init.model_file import written
from driftloop.pipelines.init.notes import counting, newest_label, notes
from driftloop.pipelines.init.outputs import comments
from driftloop.pipelines.init.places import encoded, encoding_notes, slug, source_of
from driftloop.pipelines.init.refused import reachable, refuse_data, refuse_output, writing
from driftloop.pipelines.init.spans import moment_after, proposed
from driftloop.pipelines.init.timeline import Timeline, counted, label_delay, trimmed
from driftloop.pipelines.init.times import without_offset
from driftloop.pipelines.runtime import phases

if TYPE_CHECKING:
    import pandas as pd

PIECE = 65_536
PART = "driftloop: "


@dataclass(frozen=True)
class Proposal:
    """Written file, summary, notes, and two times: for a first training run and for a first check."""

    file: Path
    summary: str
    notes: tuple[str, ...]
    first: str
    now: str


@dataclass(frozen=True)
class _Look:
    """The guess, with the sample in order of time and the parts of its times, and results from all rows.

    `odd` is the number of rows whose times are far from all others, `unusable` that of rows without a usable time;
    `classes` are the rows by class, `apart` is the table of the labels where they have one.
    """

    guess: Guess
    frame: pd.DataFrame
    parts: dict[str, pd.Series]
    timeline: Timeline
    classes: Counter[str]
    odd: int
    unusable: int
    apart: Apart | None = None


def propose(
    data: str,
    *,
    table: str | None,
    model: str | None,
    target: str | None,
    time: str | None,
    time_format: str | None = None,
    output: Path | None,
    force: bool,
    file_format: str | None = None,
    labels: str | None = None,
    labels_table: str | None = None,
    urls: tuple[str, ...] = (),
) -> Proposal:
    """Write a config for a data file, glob or table. Refuses to overwrite unless forced.

    `labels` is a file, glob or database of labels in a table of their own, joined by a key that both tables have.
    """
    refuse_data(data, table, file_format)
    # Of `trips/*.csv` the folder's name says more than the file's.
    name = model or slug(table or Path(data).name) or slug(Path(data).parent.name) or "model"
    if time_format is not None and time is None:
        raise ConfigError(
            "init", "--time-format", "a format without its column", expected="both", remedy="add --time COLUMN"
        )
    file = output or Path(f"{name}.yaml")
    refuse_output(file, force=force)
    given = _given(data, table, file_format)
    outcomes = _given(labels, labels_table, None) if labels is not None else None
    with reachable(data):
        given = encoded(given)
        outcomes = encoded(outcomes) if outcomes is not None else None
        found = _looked(given, data, target, time, time_format, outcomes)
    guess, timeline = found.guess, found.timeline
    phases.enter("choosing windows and features")
    delay = (found.apart.delay() if found.apart else None) or label_delay(timeline)
    features = len(guess.numeric) + len(guess.categorical)
    rare = guess.rare if guess.has_classes else 1.0
    spans = proposed(timeline, delay, rare=rare, features=features)
    calendar = calendar_of(guess, found.frame, found.parts, timeline.end - timeline.start, spans)
    features += len(calendar.derived)
    source = changed(source_of(data, table, file.parent, file_format), encoding=given.encoding)
    text = written(
        model=name,
        source=source,
        guess=guess,
        spans=spans,
        calendar=calendar,
        newest=newest_label(timeline, delay),
        apart=found.apart,
        labels=source_of(labels, labels_table, file.parent) if labels is not None else None,
        rare=imbalance(found.classes) if guess.task == "binary" else None,
        urls=urls,
    )
    beside = comments(found.frame, guess.left_out, source, guess.time, has_classes=guess.has_classes)
    phases.enter("writing the config")
    with writing(file):
        _write(file, text + (beside[0] if beside else ""))
    now = moment_after(timeline.end, spans.current)
    first = moment_after(datetime.fromisoformat(f"{now}+00:00") - spans.current, spans.current)
    more = notes(guess, timeline, spans, calendar, found.classes, found.odd, found.unusable)
    first_notes = [*encoding_notes(given, found.frame), *([found.apart.note()] if found.apart else [])]
    return Proposal(file, _summary(guess, timeline, features), (*first_notes, *more, *(beside or ())[1:]), first, now)


def _summary(guess: Guess, timeline: Timeline, features: int) -> str:
    rows = f"{timeline.total:,} rows from {timeline.start:%Y-%m-%d} to {timeline.newest:%Y-%m-%d}"
    return f"{guess.task} of {guess.target!r} over {guess.time!r} from {features} features, {rows}"


def _given(data: str, table: str | None, file_format: str | None) -> Source:
    try:
        return source_of(data, table, Path(), file_format)
    except ValidationError as error:
        raise config_error(Path("init"), error, Source) from None


def _looked(
    given: Source,
    data: str,
    target: str | None,
    time: str | None,
    time_format: str | None,
    outcomes: Source | None = None,
) -> _Look:
    from driftloop.monitoring import sources

    phases.enter("reading a sample of the rows")
    frame = sources.sample(given, Path.cwd())
    time, times = chosen_time(frame, given, time, time_format)
    times, span = _spanned(given, frame, time, times)
    if span is None:
        raise NothingToLookAt(data)
    found = apart(frame, outcomes, target) if outcomes is not None else None
    frame, parts = _sampled(given, time, times, text=is_text(frame[time]))
    if found is not None:
        frame, target = found.attached(frame, given, _least(frame, time, times, found)), found.target
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
    timeline, odd = trimmed(timeline, datetime.now(UTC))
    if timeline.end - timeline.start <= timeline.step:
        raise ConfigError(
            "init",
            "--time",
            f"all {timeline.total:,} rows have the time {timeline.newest:%Y-%m-%d %H:%M}",
            expected="a history: rows of many moments, from which windows can be cut",
            remedy="give a file or table with the rows of several days, or name another time column with --time",
        )
    strays = sources.count_strays(given, columns, datetime.now(UTC), Path.cwd())
    return _Look(guess, frame, parts, timeline, classes, odd, strays.timeless + strays.outside, found)


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


def _write(file: Path, text: str) -> None:
    """Write a model file that can be read; one that cannot, for the name of the model say, leaves nothing behind."""
    from driftloop.pipelines.config.project import load

    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_bytes() if file.exists() else None
    file.write_text(text, "utf-8")
    try:
        load(file)
    except DriftloopError:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise
    write_schema(file.parent)
