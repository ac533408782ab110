"""Config mistakes that show in the source: found by a command before anything heavy starts.

Broken data is not a config mistake: a column that the champion was trained on was correct when it was configured.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from driftloop.monitoring import sources
from driftloop.monitoring.errors import (
    BadExpression,
    ConfigError,
    DriverMissing,
    KeysDiffer,
    MissingColumns,
    MissingLabelColumns,
    MissingPredictionColumns,
    NotATime,
    SecretMissing,
    TypeMisfit,
    listed,
    suggestion,
)
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.sources import times
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows import known_columns
from driftloop.pipelines.runtime import home

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

SAMPLE = 500
ENOUGH = 20  # minimum number of values to judge a column by


def is_new(project: Project) -> bool:
    """Return whether the model has no history: a config mistake is then more likely than broken data."""
    try:
        with closing(Ledger(home.ledger_url())) as ledger:
            return not ledger.checks(project.model, most=1) and not ledger.requests(project.model, most=1)
    except Exception:
        return False  # the check raises it again


def refuse_mismatch(project: Project) -> None:
    """Raise `ConfigError` if the config names columns the source never had; other errors are left to the check."""
    try:
        known = sources.fitting(project.source, project.reading.with_rules(), project.folder)
    except (MissingLabelColumns, MissingPredictionColumns, KeysDiffer, TypeMisfit) as error:
        if is_new(project):
            raise misfit(project, error) from None
        return
    except MissingColumns as error:
        had = known_columns.known(project)
        new = [name for name in error.lost if had and name not in had]
        new = new or [name for name in error.lost if name not in _trained_with(project)]
        if new:
            raise lost_column(project, new, error) from None
        return
    except NotATime as error:
        if _trained_with(project):
            return
        raise misfit(project, error) from None
    except (BadExpression, DriverMissing, SecretMissing):
        if is_new(project):
            raise
        return
    except Exception:
        return  # the check raises it again, and records it
    if known and is_new(project):
        _refuse_words(project)
    if known:
        known_columns.remember(project, known)


Misfit = MissingLabelColumns | MissingPredictionColumns | KeysDiffer | TypeMisfit | NotATime


def misfit(project: Project, error: Misfit) -> ConfigError:
    """Return the error for labels, predictions, types or times that are not as the config expects them."""
    if isinstance(error, NotATime):
        return ConfigError(
            str(project.file), f"{error.section}.time", error.found, expected=error.expected, remedy=error.remedy
        )
    if isinstance(error, MissingPredictionColumns):
        return _lost_predictions(project, error)
    if not isinstance(error, MissingLabelColumns):
        key = error.joined if isinstance(error, KeysDiffer) else f"columns.types.{error.column}"
        return ConfigError(str(project.file), key, error.found, expected=error.expected, remedy=error.remedy)
    labels, lost = project.labels, error.lost[0]
    key = "key" if labels and lost in labels.key else "time" if labels and lost == labels.time else "target"
    return _not_in_table(project, f"labels.{key}", "labels", error)


def _lost_predictions(project: Project, error: MissingPredictionColumns) -> ConfigError:
    given, lost = project.predictions, error.lost[0]
    named = {"id": given.id, "time": (given.time,), "version": (given.version,), "label": (given.label,)}
    key = next((key for key, names in named.items() if lost in names), "prediction")
    return _not_in_table(project, f"predictions.{key}", "predictions", error)


def _not_in_table(
    project: Project, key: str, what: str, error: MissingLabelColumns | MissingPredictionColumns
) -> ConfigError:
    lost = error.lost[0]
    return ConfigError(
        str(project.file),
        key,
        f"column {lost!r} is not in {error.where}",
        expected=f"columns of the table of {what}, which has {listed(error.there, 20)}",
        remedy="correct the name." + suggestion(lost, error.there),
    )


def lost_column(project: Project, lost: list[str], error: MissingColumns) -> ConfigError:
    """Return the error for columns of the config that the source does not have, with the most similar name."""
    columns = project.columns
    keys = ("time", "id", "target", "weight", "numeric", "categorical")
    key = next((key for key in keys if _named(columns, key, lost[0])), "")
    key = key or (f"rules.{lost[0]}" if lost[0] in columns.rules else "")
    where = f"columns.{key}" if key else "columns"
    which = f"column {lost[0]!r} is" if len(lost) == 1 else f"columns {listed(lost)} are"
    return ConfigError(
        str(project.file),
        where,
        f"{which} not in {error.where}",
        expected=f"columns of the source, which has {listed(error.there, 20)}",
        remedy="correct the name." + suggestion(lost[0], error.there),
    )


def _named(columns: object, key: str, name: str) -> bool:
    value = getattr(columns, key)
    return name == value or (isinstance(value, tuple) and name in value)


def _refuse_words(project: Project) -> None:
    """Refuse a column that is numeric in the config and has no number among many values."""
    try:
        with sources.stream_rows(project.source, project.reading, times.EVER, project.folder, SAMPLE) as stream:
            frame = next(iter(stream.frames))
    except Exception:
        return
    list(numeric_columns(project, frame))  # which raises for the first such column


def numeric_columns(project: Project, frame: pd.DataFrame) -> Iterator[Coerced]:
    """Yield how each numeric feature, target and weight reads in these rows; one without a number is refused."""
    columns = project.columns
    for name in (*columns.features, columns.target, *columns.of_weight):
        if name != columns.weight and project.kind(name) != "numeric":
            continue
        _, came = numbers(frame[name], name)
        if came.given >= ENOUGH and came.lost == came.given:
            raise _no_number(project, came)
        yield came


def _no_number(project: Project, came: Coerced) -> ConfigError:
    """Return the error for a column that the config calls numeric and that holds no number."""
    name = came.name
    is_target, is_weight = name == project.columns.target, name == project.columns.weight
    return ConfigError(
        str(project.file),
        "columns.target" if is_target else "columns.weight" if is_weight else "columns.numeric",
        f"{name!r} has no number among its values, such as {came.example}",
        expected="numbers as Python writes them, without units and thousands separators",
        remedy="derive a number (columns.derived)"
        + (
            ", or name another column"
            if is_weight
            else f", or name {name!r} " + ("in a classification (task)" if is_target else "under columns.categorical")
        ),
    )


def _trained_with(project: Project) -> frozenset[str]:
    """Return the columns of the source when the champion was trained; none without a champion."""
    if is_new(project):
        return frozenset()
    try:
        from driftloop.pipelines import registry

        champion = registry.aliased(project.model, registry.CHAMPION)
        if champion is None:
            return frozenset()
        reference = registry.reference(champion)
        return frozenset(reference.source_types) | {column.name for column in reference.columns}
    except Exception:
        # The check raises it again. Until then every column of the config may be known.
        return frozenset({project.columns.time, project.columns.target, *project.columns.features})
