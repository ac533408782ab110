"""Findings about repeated rows."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.records import Finding, FindingCode

DUPLICATE_ROWS = FindingCode(
    name="duplicate_rows",
    severities=("warning",),
    meaning="a larger share of the rows than `preflight.max_duplicate_share` repeats another row exactly",
    cause="rows were delivered or joined more than once",
    remedy="remove the repeated rows from the source, or raise `preflight.max_duplicate_share` if they are real",
)


def duplicates(share: float, limits: Preflight) -> Iterator[Finding]:
    """Report too large a share of repeated rows."""
    limit = limits.max_duplicate_share
    if share > limit:
        message = f"{share:.1%} of the rows repeat another row exactly (limit {limit:.0%})"
        yield DUPLICATE_ROWS.found(message, observed=share, limit=limit)
