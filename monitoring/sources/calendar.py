"""Columns that are computed from the time of a row alone, such as its hour or month."""

from __future__ import annotations

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources.expressions import parsed, references

DIALECT = "duckdb"


def calendar_columns(columns: Columns) -> frozenset[str]:
    """Return the derived columns that read the time column, or each other, and nothing else.

    >>> columns = Columns(time="ts", target="y", numeric=("n", "hour", "night", "ratio"),
    ...     derived={"hour": "hour(ts)", "night": "hour < 6", "ratio": "n / hour", "one": "1"})
    >>> sorted(calendar_columns(columns))
    ['hour', 'night']
    """
    found: dict[str, str] = {}
    for name, text in columns.derived.items():
        try:
            reads = {read.casefold() for read in references(parsed(f"columns.derived.{name}", text, DIALECT))}
        except BadExpression:  # another dialect; whether it can be read at all is for the source to report
            continue
        if reads and reads <= {columns.time.casefold(), *found}:
            found[name.casefold()] = name
    return frozenset(found.values())
