"""Findings about missing values of a feature."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding, FindingCode, Severity

FEW_VALUES = 10  # with fewer expected values than this, no value at all may be chance
NULLS = FindingCode(
    name="nulls",
    severities=("fatal", "error", "warning"),
    meaning="a feature has more missing values than in the champion's reference",
    cause="a field is no longer filled in, or its values can no longer be read",
    remedy="fix the source, or remove the feature from the config and retrain; `preflight.max_new_null_share` and "
    "`preflight.warn_new_null_share` are the limits",
)
NOTHING_TO_JUDGE = FindingCode(
    name="nothing_to_judge",
    severities=("warning",),
    meaning="a feature that is nearly always missing has no value in this window",
    cause="few values were expected, so that no value may be chance",
    remedy="nothing; if the feature is no longer delivered, remove it from the config",
    compared=False,
)


def nulls(values: Counted, column: ColumnReference, limits: Preflight) -> Iterator[Finding]:
    """Report a share of missing values above the reference's."""
    share = values.null_share
    new = share - column.null_share
    message = f"{share:.1%} of {column.name} are null; the reference has {column.null_share:.1%}"
    severity: Severity | None = None
    limit = limits.max_new_null_share
    if new > limit:
        severity = "fatal"
    elif share == 1.0:
        if values.rows * (1 - column.null_share) < FEW_VALUES:
            message = f"{message}, so there is nothing to judge"
            yield NOTHING_TO_JUDGE.found(message, column=column.name, observed=share)
            return
        severity = "error"
    elif new > limits.warn_new_null_share:
        severity, limit = "warning", limits.warn_new_null_share
    if severity:
        message = message if severity == "error" else f"{message} (limit: {limit:.0%} more)"
        yield NULLS.found(message, severity=severity, column=column.name, observed=share, limit=limit)
