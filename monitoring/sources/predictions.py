"""Predictions of a model elsewhere, joined to the rows of a window by id with the mechanism of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import MissingColumns, MissingLabelColumns, MissingPredictionColumns
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import ColumnType
from driftloop.monitoring.settings.predictions import (
    BETWEEN,
    SCORED,
    UNDECIDED,
    Predictions,
    PredictionSource,
    PredictionTable,
)
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.describing import selected
from driftloop.monitoring.sources.engines import column_sql, dialect_of
from driftloop.monitoring.sources.labels.counting import LabelCounts, count_labels
from driftloop.monitoring.sources.labels.join import DISPUTED, RENAMED, Join, joining
from driftloop.monitoring.sources.labels.lookup import Lookup, look_up
from driftloop.monitoring.sources.labels.streaming import BATCH
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.sources.timecolumn import time_kind, within_sql
from driftloop.monitoring.windows import inside

if TYPE_CHECKING:
    import pandas as pd

VERSION = "driftloop: version"
UNVERSIONED = "unversioned"
EVERY = ""


@dataclass(frozen=True)
class Serving:
    """How many rows of a window each version scored, by the newest prediction of a row; `rows` are all of them.

    `disputed` rows were scored by several versions at the same moment.
    """

    rows: int = 0
    disputed: int = 0
    scored: Counter[str] = field(default_factory=Counter)


def with_predictions(
    relation: Relation, columns: Reading, window: str, folder: Path, now: datetime, stack: ExitStack
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function that adds SCORED and UNDECIDED to rows: the newest prediction by `columns.scored_by`.

    `window` is SQL of the rows, after FROM; the engine finds the newest predictions before any row is read.
    """
    assert columns.predictions is not None
    assert columns.scored_by is not None
    asked = _reading(columns, columns.predictions, columns.scored_by)
    join, newest = _looked_up(relation, asked, window, folder, now, stack)

    def added(frame: pd.DataFrame) -> pd.DataFrame:
        found = join.named(newest.labels_of(frame).rename(columns=RENAMED))
        return frame.assign(**{SCORED: found[SCORED].to_numpy(), UNDECIDED: found[DISPUTED].to_numpy()})

    return added


def serving(source: Source, columns: Reading, window: Window, folder: Path, now: datetime) -> Serving:
    """Count the rows of a window by the version that scored them last, as far as that was known at `now`."""
    assert columns.predictions is not None
    asked = _reading(columns, columns.predictions, None)
    with ExitStack() as stack:
        relation = stack.enter_context(opened(source, folder, columns))
        kind = time_kind(relation, columns)
        if kind is None:
            return Serving()
        within = within_sql(relation, columns, window, kind)
        join, newest = _looked_up(relation, asked, within, folder, now, stack)
        rows = disputed = 0
        scored: Counter[str] = Counter()
        names = list(dict.fromkeys((columns.time, *columns.id)))
        for piece in relation.pieces(f"SELECT {selected(relation, names)} FROM {within}", BATCH):  # noqa: S608
            moments = times.to_utc(piece[columns.time], kind, columns.time_zone, relation.where)
            there = piece[inside(moments, window)]
            found = join.named(newest.labels_of(there).rename(columns=RENAMED))
            rows += len(there)
            disputed += int(found[DISPUTED].sum())
            scored.update(map(str, found[VERSION].dropna()))
        return Serving(rows, disputed, scored)


def count_predictions(
    source: Source, columns: Reading, since: datetime, now: datetime, present: datetime, folder: Path
) -> LabelCounts:
    """Count predictions that serve no row, as `count_labels` counts labels; those of all versions."""
    assert columns.predictions is not None
    asked = _reading(columns, columns.predictions, EVERY)
    return count_labels(source, asked, since, now, present, folder)


def fit_predictions(relation: Relation, columns: Reading, folder: Path) -> None:
    """Raise what is wrong with the columns of the table of predictions, or with its keys."""
    if columns.predictions is not None:
        with ExitStack() as stack:
            _join(relation, _reading(columns, columns.predictions, EVERY), folder, times.EVER.end, stack)


def _looked_up(
    relation: Relation, asked: Reading, window: str, folder: Path, now: datetime, stack: ExitStack
) -> tuple[Join, Lookup]:
    join = _join(relation, asked, folder, now, stack)
    return join, look_up(join, window, stack)


def _join(relation: Relation, asked: Reading, folder: Path, now: datetime, stack: ExitStack) -> Join:
    try:
        return stack.enter_context(joining(relation, asked, folder, now))
    except MissingLabelColumns as error:
        raise MissingPredictionColumns(error.where, error.lost, error.there) from None
    except MissingColumns as error:
        raise MissingPredictionColumns(error.where, error.lost, error.there) from None


def _reading(columns: Reading, predictions: Predictions, version: str | None) -> Reading:
    """The ids of the rows with the table of predictions in place of labels.

    The value is the prediction of a `version`, or of every one (EVERY), or without a version the version itself.
    """
    source = predictions.source
    assert source is not None
    given: dict[str, ColumnType] = {}
    types: dict[str, ColumnType] = {}
    target = SCORED
    read_as: ColumnType = "text"
    if source.path is not None and source.file_format.as_text:
        given = dict.fromkeys([predictions.version] if predictions.version else [], "text")
    derived = dict(predictions.derived)
    if version is None:
        derived[VERSION] = _text(source, predictions.version)
        target = VERSION
    elif len(predictions.columns) > 1:
        derived[SCORED] = _listed(source, predictions.columns)
    else:
        (column,) = predictions.columns
        read_as = "text" if predictions.label is not None else "number"
        target, types = column, {column: read_as}
    table = PredictionTable.model_construct(
        **source.model_dump(),
        key=predictions.id,
        time=predictions.time,
        target=target,
        types={**given, **types, **predictions.types},
        derived=derived,
        filter=_condition(source, predictions.version, version) if version else None,
    )
    known: dict[str, Any] = {name: getattr(columns, name) for name in Reading.model_fields}
    known |= {"numeric": (), "categorical": (), "target": VERSION if version is None else SCORED}
    known |= {"labels": table, "target_type": read_as, "predictions": None, "scored_by": None, "unlabeled": False}
    return Reading.model_construct(**known)


def _text(source: PredictionSource, column: str | None) -> str:
    """A column as text, in the SQL of the source; one constant without a column."""
    if column is None:
        return f"'{UNVERSIONED}'"
    return f"CAST({column_sql(source, column)} AS {'CHAR' if dialect_of(source) == 'mysql' else 'VARCHAR'})"


def _listed(source: PredictionSource, columns: tuple[str, ...]) -> str:
    """Several numbers as one text, null where one of them is null."""
    if dialect_of(source) == "mysql":
        texts = f", '{BETWEEN}', ".join(_text(source, column) for column in columns)
        return f"CONCAT({texts})"
    return f" || '{BETWEEN}' || ".join(_text(source, column) for column in columns)


def _condition(source: PredictionSource, column: str | None, version: str) -> str | None:
    if column is None:
        return None
    quoted = version.replace("'", "''")
    return f"{_text(source, column)} = '{quoted}'"
