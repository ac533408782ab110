"""Validation of a config against its source: keys, columns, types, rows, estimator and notifications.

Trains nothing, needs no champion, and reads neither ledger, MLflow nor Prefect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from driftloop.monitoring import sources
from driftloop.monitoring.errors import (
    BadData,
    ConfigError,
    DriftloopError,
    EngineMisfit,
    EngineUnavailable,
    KeysDiffer,
    MissingColumns,
    MissingLabelColumns,
    MissingPredictionColumns,
    NotATime,
    SourceMissing,
    TypeMisfit,
)
from driftloop.monitoring.records import Moment, Record, Window
from driftloop.monitoring.rows.canonical import weights
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.rows.weights import Weighing
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.windows import STEPS, align, current_window, training_window
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.mismatch import lost_column, misfit, numeric_columns
from driftloop.pipelines.operations import delivery_notes, engine_note, reference_note, rule_notes
from driftloop.pipelines.operations.row_counts import RowCount, counted, shortages
from driftloop.pipelines.training.recipe import AS_ADOPTED, AUTO
from driftloop.pipelines.training.verifying import verify_estimator
from driftloop.pipelines.training.weighing import ignored

if TYPE_CHECKING:
    import pandas as pd

State = Literal["ok", "note", "wrong"]
# The types of the columns are compared with this many rows.
SAMPLE = 20_000
MOST_CLASSES = 1_000


class Validated(Record):
    """One validated part. A `note` is worth knowing; `wrong` prevents checks. `key` is that of the config."""

    key: str
    state: State
    message: str


class Validation(Record):
    """Result of a validation: `valid`, or `invalid` if a part is wrong, with the reason of the first one."""

    model: str
    outcome: Literal["valid", "invalid"]
    reason: str
    now: Moment
    parts: tuple[Validated, ...]
    windows: tuple[RowCount, ...]
    exit_code: int
    past: bool = Field(False, exclude=True)


@sources.pinned()
def validate(project: Project, now: datetime | None = None) -> Validation:
    """Validate a config that could be read, against its source as of `now`.

    Without `now`, and without rows in the current window, the windows end at the newest row. The exit code is 2 if the
    config is wrong, 1 if the source cannot be read or the engine not be used, else 0.
    """
    walk = _Walk(project, now)
    walk.attempt("source", walk.source)
    if not walk.errors:
        walk.attempt("columns", lambda: _types(project, walk.now))
        walk.attempt("columns.rules", lambda: _rules(project, walk.now))
    if project.elsewhere:
        walk.attempt("predictions", lambda: _predictions(project, walk.now))
    else:
        walk.attempt("training.estimator", lambda: _estimator(project))
    walk.attempt("performance", lambda: _loss(project))
    walk.attempt("engine", lambda: _engine(project))
    walk.attempt("notify", lambda: _deliveries(project))
    wrong = [part.message for part in walk.parts if part.state == "wrong"]
    passing = (BadData, SourceMissing, EngineUnavailable, EngineMisfit)
    unreadable = all(isinstance(error, passing) for error in walk.errors)
    return Validation(
        model=project.model,
        outcome="invalid" if wrong else "valid",
        reason=wrong[0] if wrong else "the config fits its source",
        now=walk.now,
        parts=tuple(walk.parts),
        windows=tuple(walk.windows),
        exit_code=0 if not wrong else 1 if unreadable else 2,
        past=walk.past,
    )


class _Walk:
    """Results of the parts so far; an error of one does not keep the others from being validated."""

    def __init__(self, project: Project, now: datetime | None) -> None:
        self.project, self.given, self.now = project, now, now or datetime.now(UTC)
        self.parts = [Validated(key="keys", state="ok", message=f"{project.task} of {project.columns.target!r}")]
        self.errors: list[DriftloopError] = []
        self.windows: list[RowCount] = []
        self.past = now is not None

    def attempt(self, key: str, part: Callable[[], Iterable[Validated]]) -> None:
        """Add the results of a part, the error that ends it included."""
        try:
            self.parts.extend(part())
        except DriftloopError as error:
            self.errors.append(error)
            self.parts.append(Validated(key=key, state="wrong", message=str(error)))

    def source(self) -> Iterator[Validated]:
        """Compare the columns with the source, and count rows and labels."""
        project = self.project
        yield _fits(project)
        span = sources.span(project.source, project.reading, project.folder)
        if span is None:
            yield Validated(key="source", state="note", message="no row has a time: there is nothing to check yet")
            return
        rows = f"rows from {day(span.start)} to {day(span.end)}"
        versions = [table.title for table in sources.versions_read() if table.section == project.source.section]
        yield Validated(key="source", state="ok", message=", ".join([rows, *versions]))
        current = current_window(self.now, project.windows)
        if self.given is None and current.start >= span.end:
            self.now, self.past = _after(span.end, project), True
            message = (
                f"no rows in {current}, the window of a check now: rows are counted as of the newest one; "
                f"to check it: --now {self.now:%Y-%m-%dT%H:%M}"
            )
            yield Validated(key="windows", state="note", message=message)
        if (reach := reference_note.reach(project, span.start, self.now)) is not None:
            yield Validated(key="drift.reference", state="ok" if reach[0] else "note", message=reach[1])
        self.windows = counted(project, self.now)
        short = shortages(project, self.windows)
        yield from (Validated(key=key, state="note", message=message) for key, message in short)
        if not short:
            yield Validated(key="windows", state="ok", message="enough rows and labels in every window")


def _fits(project: Project) -> Validated:
    try:
        known = sources.fitting(project.source, project.reading.with_rules(), project.folder)
    except (MissingLabelColumns, MissingPredictionColumns, KeysDiffer, NotATime, TypeMisfit) as error:
        raise misfit(project, error) from None
    except MissingColumns as error:
        raise lost_column(project, list(error.lost), error) from None
    count = len(project.columns.features)
    if not known:
        return Validated(key="source", state="note", message="it is empty, so its columns are not known")
    of = f"{count} feature{'s' if count > 1 else ''}, target and time are there"
    return Validated(key="columns", state="ok", message=f"{of}, of {len(known)} columns")


def _types(project: Project, now: datetime) -> Iterator[Validated]:
    """Read numbers and classes of the newest rows as a check does."""
    current = current_window(now, project.windows)
    training = training_window(current, project.columns.label_delay, project.learned_span)
    span = Window(start=min(training.start, current.start), end=current.end)
    with sources.stream_rows(project.source, project.reading, span, project.folder, SAMPLE, now) as stream:
        frame = next(iter(stream.frames))
    columns, lossy = project.columns, 0
    for came in numeric_columns(project, frame):
        if came.lost:
            lossy += 1
            yield _lossy(came)
    if project.type.has_classes:
        yield from _classes(project, frame[columns.target].dropna())
    if columns.weight is not None and len(frame):
        yield _weights(columns.weight, frame)
    if not lossy and len(frame):
        count = sum(project.kind(name) == "numeric" for name in columns.features)
        message = f"all values of {count} numeric features read as numbers, in {len(frame):,} rows"
        yield Validated(key="types", state="ok", message=message)


def _weights(name: str, frame: pd.DataFrame) -> Validated:
    """Return what the weights of the newest rows are worth, or what is wrong with them."""
    found = Weighing.of(weights(frame[name], name)[0].to_numpy())
    if found.problem is not None:
        message = f"{found.problem}: a check would end as bad_data; see columns.derived and columns.filter"
        return Validated(key="columns.weight", state="note", message=message)
    message = f"{found.rows:,} rows are worth {found.effective:,.0f} rows of equal weight"
    return Validated(key="columns.weight", state="ok", message=message)


def _lossy(came: Coerced) -> Validated:
    message = f"{came.lost:,} of {came.given:,} values are not numbers and count as missing, such as {came.example}"
    return Validated(key=f"columns.numeric.{came.name}", state="note", message=message)


def _classes(project: Project, values: pd.Series) -> Iterator[Validated]:
    known = labels(values).value_counts()
    target, count = project.columns.target, len(known)
    if count > 2 and project.task == "binary":
        raise ConfigError(
            str(project.file),
            "task",
            f"binary, and {target!r} has {count:,} classes",
            expected="two classes",
            remedy="write multiclass, or regression if they are numbers",
        )
    if count > MOST_CLASSES:
        yield Validated(key="task", state="note", message=f"{target!r} has {count:,} classes: is it a number?")


def _predictions(project: Project, now: datetime) -> Iterator[Validated]:
    """Count the predictions of the current window by version."""
    current = current_window(now, project.windows)
    found = sources.serving(project.source, project.reading, current, project.folder, now)
    scored = sum(found.scored.values()) + found.disputed
    each = ", ".join(f"{version!r} {rows:,}" for version, rows in found.scored.most_common(8))
    message = f"{scored:,} of {found.rows:,} rows of {current} have a prediction{f': {each}' if each else ''}"
    if not scored and found.rows:
        message += "; compare some values of columns.id and predictions.id"
    yield Validated(key="predictions", state="ok" if scored or not found.rows else "note", message=message)


def _engine(project: Project) -> Iterator[Validated]:
    if (found := engine_note.reach(project)) is not None:
        yield Validated(key="engine", state="ok" if found[0] else "note", message=found[1])


def _rules(project: Project, now: datetime) -> Iterator[Validated]:
    for key, broken, message in rule_notes.notes(project, now):
        yield Validated(key=key, state="note" if broken else "ok", message=message)


def _estimator(project: Project) -> Iterator[Validated]:
    own_code.importable(project)
    if project.training.estimator == AS_ADOPTED:
        yield _adopted(project)
        return
    verify_estimator(project.training, project.task, project.loss)
    yield Validated(key="training.estimator", state="ok", message=f"{project.training.estimator} can be used")
    # Of auto both candidates take weights.
    if project.columns.weight is not None and project.training.estimator != AUTO:
        refused = ignored(project, project.training.estimator)
        if refused is not None:
            yield Validated(key="columns.weight", state="note", message=refused)


def _adopted(project: Project) -> Validated:
    """Compare the adopted model, which only the registry has, with the features and parameters of the config."""
    from driftloop.pipelines.registry import templates
    from driftloop.pipelines.runtime import home, outages
    from driftloop.pipelines.training import as_adopted

    key = "training.estimator"
    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server or (home.home() / "mlflow.db").exists():
        home.prepare()
        with outages.translated():
            version = templates.newest(project.model)
            if version is not None:
                templates.provide(project)
        if version is not None:
            as_adopted.verify(as_adopted.template(project.model), project.columns.features, project.training.params)
            return Validated(key=key, state="ok", message=f"as_adopted copies version {version.number}")
    message = f"no model has been adopted as {project.model}: run `driftloop adopt {project.file} URI` first"
    return Validated(key=key, state="note", message=message)


def _loss(project: Project) -> Iterator[Validated]:
    own_code.ready(project)
    yield Validated(key="performance", state="ok", message=str(project.loss))


def _deliveries(project: Project) -> Iterator[Validated]:
    for key, state, message in delivery_notes.notes(project):
        yield Validated(key=key, state=state, message=message)


def _after(end: datetime, project: Project) -> datetime:
    """Return a round moment after the newest row, with that row in the current window."""
    moments = [align(end, step) + step for step in reversed(STEPS)]
    return next((one for one in moments if current_window(one, project.windows).end >= end), end + timedelta(days=1))


def day(moment: datetime) -> str:
    """Return a moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}"
