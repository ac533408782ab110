"""Findings about the weights of rows (`columns.weight`)."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.records import Finding, FindingCode, figure
from driftloop.monitoring.rows.weights import Weighing

# Fewer effective rows than this share of them: a few rows decide.
LEAST_SHARE = 0.1
WEIGHTS_NOT_ALLOWED = FindingCode(
    name="weights_not_allowed",
    severities=("fatal",),
    meaning="weights of rows are missing, negative, infinite or not numbers, or all of them are 0",
    cause="rows without a weight, a weight that was computed by a division by zero, or the wrong column",
    remedy="correct the source, derive a weight (`columns.derived`, such as `coalesce(w, 1)`), or exclude those rows "
    "(`columns.filter`)",
)
WEIGHTS_UNEVEN = FindingCode(
    name="weights_uneven",
    severities=("warning",),
    meaning="a few rows have most of the weight: all rows together are worth less than a tenth of their number",
    cause="outliers among the weights, another unit in some rows, or inverse probabilities near 0",
    remedy="limit the weights in `columns.derived`, such as `least(w, 20)`, or correct the source",
)
WEIGHTS_EQUAL = FindingCode(
    name="weights_equal",
    severities=("info",),
    meaning="all weights of the rows are equal, so they change nothing",
    cause="a default was filled in, or the column is not a weight",
    remedy="check where the column comes from, or remove `columns.weight`",
)


def weights(name: str, counted: Weighing) -> Iterator[Finding]:
    """Judge the weights of the rows of a check; `name` is their column."""
    rows = counted.rows
    if not rows:
        return
    if (problem := counted.problem) is not None:
        yield WEIGHTS_NOT_ALLOWED.found(
            f"{problem} ({name}): correct them, derive a weight (columns.derived), or exclude those rows "
            "(columns.filter)",
            column=name,
        )
    elif counted.low == counted.high and rows > 1:
        yield WEIGHTS_EQUAL.found(
            f"all {rows:,} weights in {name} are {figure(counted.low)}: results are those without weights",
            column=name,
            observed=counted.low,
        )
    elif counted.effective < LEAST_SHARE * rows:
        yield WEIGHTS_UNEVEN.found(
            f"{rows:,} rows are worth {counted.effective:,.0f} rows of equal weight: {name} reaches from "
            f"{figure(counted.low)} to {figure(counted.high)}; intervals are wide and drift is hard to see",
            column=name,
            observed=counted.effective / rows,
            limit=LEAST_SHARE,
        )
