"""Findings about columns with a single value."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding, FindingCode

CONSTANT = FindingCode(
    name="constant",
    severities=("warning",),
    meaning="a column has a single value, and several in the champion's reference",
    cause="a sensor or a form field is stuck, or a default is filled in",
    remedy="check where the column comes from",
)


def constants(values: Counted, column: ColumnReference) -> Iterator[Finding]:
    """Report a column that no longer varies."""
    if values.present > 1 and column.distinct > 1 and not values.varied:
        only = f"{values.only:.6g}" if column.kind == "numeric" else clipped(repr(values.only))
        yield CONSTANT.found(
            f"{column.name} has the single value {only}; the reference has {column.distinct:,} different values",
            column=column.name,
            observed=1.0,
        )
