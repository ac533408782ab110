"""Findings about the range of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding, FindingCode

OUT_OF_RANGE = FindingCode(
    name="out_of_range",
    severities=("warning",),
    meaning="a larger share of the values than `preflight.max_out_of_range_share` is below the smallest or above the "
    "largest value of the champion's reference",
    cause="another unit, a broken sensor, or a real change",
    remedy="check the unit and the source; if the change is real, a retrain learns it",
)


def ranges(values: Counted, column: ColumnReference, limits: Preflight) -> Iterator[Finding]:
    """Report too large a share of values outside the reference's range."""
    if column.low is None or column.high is None or not values.present:
        return
    outside = values.outside / values.present
    if outside > limits.max_out_of_range_share:
        yield OUT_OF_RANGE.found(
            f"{outside:.1%} of {column.name} are outside the reference's range of {column.low:.6g} to "
            f"{column.high:.6g} (limit {limits.max_out_of_range_share:.0%})",
            column=column.name,
            observed=outside,
            limit=limits.max_out_of_range_share,
        )
