"""Columns of the source that a model is trained on, through derived columns, as OpenLineage reports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from driftloop.monitoring.sources import expressions
from driftloop.monitoring.sources.engines import dialect_of
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry.datasets import DatasetName, dataset_of

Use = Literal["feature", "target", "weight", "filter"]


@dataclass(frozen=True)
class InputColumn:
    """A column of a dataset, and what a training run uses it for; `derived` if an expression reads it."""

    dataset: DatasetName
    name: str
    use: Use
    derived: bool = False


def columns_of(project: Project) -> tuple[InputColumn, ...]:
    """Return the columns that a training run reads: features, target and weight, and those of the filter.

    Raises SecretMissing for a variable of an address that is not set.
    """
    columns, source = project.columns, dataset_of(project.source, project.folder)
    dialect = dialect_of(project.source)
    derived = {
        name.casefold(): expressions.references(expressions.parsed(f"columns.derived.{name}", text, dialect))
        for name, text in columns.derived.items()
    }
    found = list(_read(source, columns.features, "feature", derived))
    if project.labels is None:
        found += _read(source, [columns.target], "target", derived)
    else:
        labels = dataset_of(project.labels, project.folder)
        found.append(InputColumn(labels, project.labels.target or columns.target, "target"))
    if columns.weight is not None:
        found += _read(source, [columns.weight], "weight", derived)
    if columns.filter is not None:
        names = expressions.references(expressions.parsed("columns.filter", columns.filter, dialect))
        found += _read(source, names, "filter", derived)
    return tuple(dict.fromkeys(found))


def _read(
    dataset: DatasetName, names: Iterable[str], use: Use, derived: Mapping[str, list[str]]
) -> Iterator[InputColumn]:
    """Yield columns of the source, in place of derived ones those that they are derived from.

    A derived column may have the name of the one that it is derived from: within its expression that is the source's.
    """
    for name in names:
        known, left = {name.casefold()}, list(derived.get(name.casefold(), ()))
        if name.casefold() not in derived:
            yield InputColumn(dataset, name, use)
        while left:
            one = left.pop(0)
            if one.casefold() in derived and one.casefold() not in known:
                known.add(one.casefold())
                left = [*derived[one.casefold()], *left]
            else:
                yield InputColumn(dataset, one, use, derived=True)
