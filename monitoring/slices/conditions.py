"""Columns that a slice reads. NumPy is not imported, so that a config is read without it."""

from __future__ import annotations

from collections.abc import Sequence

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.sources.expressions import parsed, references

DIALECT = "duckdb"


def read_by(each: Slice) -> list[str]:
    """Return the columns that a slice reads, as written; a condition over several rows raises `BadExpression`.

    >>> read_by(Slice(name="night", where="hour >= 22 or hour < 5")), read_by(Slice(column="zone"))
    (['hour'], ['zone'])
    """
    if each.where is None:
        return [] if each.column is None else [each.column]
    from sqlglot import exp

    key = f"slices.{each.title}.where"
    tree = parsed(key, each.where, DIALECT)
    if tree.find(exp.Window):
        raise BadExpression(key, each.where, "it reads more than one row")
    return references(tree)


def named(slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """Return the slices without `{discover: true}`, which names none."""
    return tuple(each for each in slices if not each.discover)


def beyond_features(slices: Sequence[Slice], columns: Columns) -> list[str]:
    """Return the columns of the id and of `columns.extra` that slices read, which are no features.

    >>> columns = Columns(time="ts", target="y", numeric=("a",), extra={"sex": "categorical", "town": "categorical"})
    >>> beyond_features([Slice(column="sex"), Slice(name="n", where="a > 1")], columns)
    ['sex']
    """
    wanted = {name.casefold() for each in slices for name in read_by(each)}
    return [name for name in (*columns.id_alone, *columns.extra_alone()) if name.casefold() in wanted]


def measurable(slices: Sequence[Slice], columns: Columns) -> tuple[tuple[Slice, ...], dict[str, str]]:
    """Return the slices whose columns rows with `columns` have, and of each other one, by title, what is missing.

    `{discover: true}` names no slice, and is left out.
    """
    slices = named(slices)
    there = {name.casefold() for name in (*columns.features, columns.time, *columns.id, *columns.extra)}
    missing = {each.title: [name for name in read_by(each) if name.casefold() not in there] for each in slices}
    lost = {title: names[0] for title, names in missing.items() if names}
    return tuple(each for each in slices if each.title not in lost), lost
