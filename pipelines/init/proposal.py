"""Look at the columns of a file or table and write a commented config for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from driftloop.monitoring.errors import ConfigError, DriftloopError
from driftloop.monitoring.records import changed
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.config.json_schema import write_schema
from driftloop.pipelines.config.refusal import config_error
from driftloop.pipelines.init.calendar_features import Calendar, calendar_of
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.imbalance import imbalance
from driftloop.pipelines.init.looking import Look, looked
from driftloop.pipelines.init.model_file import written
from driftloop.pipelines.init.notes import newest_label, notes
from driftloop.pipelines.init.outputs import comments
from driftloop.pipelines.init.places import encoded, encoding_notes, slug, source_of
from driftloop.pipelines.init.refused import reachable, refuse_data, refuse_output, writing
from driftloop.pipelines.init.scored import Elsewhere
from driftloop.pipelines.init.spans import Spans, moment_after, proposed
from driftloop.pipelines.init.timeline import Timeline, label_delay
from driftloop.pipelines.runtime import phases


@dataclass(frozen=True)
class Proposal:
    """Written file, summary, notes, and two times: for a first training run and for a first check.

    `trains` is false of a config for a model elsewhere, whose first champion is the version that serves.
    """

    file: Path
    summary: str
    notes: tuple[str, ...]
    first: str
    now: str
    trains: bool = True


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
    predictions: str | None = None,
    predictions_table: str | None = None,
    prediction: str | None = None,
) -> Proposal:
    """Write a config for a data file, glob or table. Refuses to overwrite unless forced.

    `labels` is a file, glob or database of labels in a table of their own, `predictions` one of the predictions of a
    model elsewhere; both are joined by a key that the rows have too. `prediction` is its column with the prediction.
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
    made = _given(predictions, predictions_table, None) if predictions is not None else None
    with reachable(data):
        given = encoded(given)
        outcomes, made = (encoded(one) if one is not None else None for one in (outcomes, made))
        found = looked(given, data, target, time, time_format, outcomes, (made, prediction) if made else None)
    phases.enter("choosing windows and features")
    elsewhere: Elsewhere | None = None
    first_notes = [*encoding_notes(given, found.frame), *([found.apart.note()] if found.apart else [])]
    if found.scored is not None and made is not None and predictions is not None:
        theirs = changed(source_of(predictions, predictions_table, file.parent), encoding=made.encoding)
        elsewhere, more = found.scored.read(found.guess, found.frame[found.guess.target], theirs)
        found = replace(found, guess=found.scored.features(found.guess, elsewhere.predictions))
        first_notes += more
    plan = _planned(found, elsewhere is not None)
    source = changed(source_of(data, table, file.parent, file_format), encoding=given.encoding)
    place = source_of(labels, labels_table, file.parent) if labels is not None else None
    text, beside = _text(name, source, found, plan, elsewhere, place, urls)
    phases.enter("writing the config")
    with writing(file):
        _write(file, text)
    now = moment_after(found.timeline.end, plan.spans.current)
    first = moment_after(datetime.fromisoformat(f"{now}+00:00") - plan.spans.current, plan.spans.current)
    more = notes(found.guess, found.timeline, plan.spans, plan.calendar, found.classes, found.odd, found.unusable)
    all_notes = (*first_notes, *more, *beside)
    return Proposal(
        file, _summary(found.guess, found.timeline, plan.features), all_notes, first, now, elsewhere is None
    )


def _text(
    name: str,
    source: Source,
    found: Look,
    plan: _Plan,
    elsewhere: Elsewhere | None,
    labels: Source | None,
    urls: tuple[str, ...],
) -> tuple[str, tuple[str, ...]]:
    """The YAML, and notes on predictions that are next to the rows."""
    text = written(
        model=name,
        source=source,
        guess=found.guess,
        spans=plan.spans,
        calendar=plan.calendar,
        newest=newest_label(found.timeline, plan.delay),
        apart=found.apart,
        labels=labels,
        rare=imbalance(found.classes) if found.guess.task == "binary" else None,
        urls=urls,
        elsewhere=elsewhere,
    )
    guess = found.guess
    beside = comments(found.frame, guess.left_out, source, guess.time, has_classes=guess.has_classes)
    return (text, ()) if beside is None or elsewhere is not None else (text + beside[0], beside[1:])


@dataclass(frozen=True)
class _Plan:
    """Windows, derived features, label delay and the number of features."""

    spans: Spans
    calendar: Calendar
    delay: timedelta
    features: int


def _planned(found: Look, is_elsewhere: bool) -> _Plan:
    """Choose windows and features. What a model elsewhere reads of the calendar is not known, so nothing is derived."""
    guess, timeline = found.guess, found.timeline
    delay = (found.apart.delay() if found.apart else None) or label_delay(timeline)
    features = len(guess.numeric) + len(guess.categorical)
    rare = guess.rare if guess.has_classes else 1.0
    spans = proposed(timeline, delay, rare=rare, features=features)
    if is_elsewhere:
        return _Plan(spans, Calendar(), delay, features)
    calendar = calendar_of(guess, found.frame, found.parts, timeline.end - timeline.start, spans)
    return _Plan(spans, calendar, delay, features + len(calendar.derived))


def _summary(guess: Guess, timeline: Timeline, features: int) -> str:
    rows = f"{timeline.total:,} rows from {timeline.start:%Y-%m-%d} to {timeline.newest:%Y-%m-%d}"
    return f"{guess.task} of {guess.target!r} over {guess.time!r} from {features} features, {rows}"


def _given(data: str, table: str | None, file_format: str | None) -> Source:
    try:
        return source_of(data, table, Path(), file_format)
    except ValidationError as error:
        raise config_error(Path("init"), error, Source) from None


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
