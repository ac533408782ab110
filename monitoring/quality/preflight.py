"""Data quality of the current rows before any statistics: the findings of all families, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.quality.categories import ALL_DIFFERENT, categories
from driftloop.monitoring.quality.constants import constants
from driftloop.monitoring.quality.duplicates import duplicates
from driftloop.monitoring.quality.labels import UNSEEN_LABELS, labels
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.nulls import NOTHING_TO_JUDGE, NULLS, nulls
from driftloop.monitoring.quality.ranges import ranges
from driftloop.monitoring.quality.row_weights import weights
from driftloop.monitoring.quality.schema import config_changes, schema
from driftloop.monitoring.quality.tally import Tally
from driftloop.monitoring.quality.times import times
from driftloop.monitoring.records import Finding, Reference
from driftloop.monitoring.rows.weights import Weighing

if TYPE_CHECKING:
    from driftloop.monitoring.quality.settings import Inspected

# Findings whose columns cannot be compared. A column with only unseen values can be compared: it has drifted.
NOT_COMPARED = frozenset({NOTHING_TO_JUDGE.name, ALL_DIFFERENT.name})


def inspect(
    counted: Tally,
    reference: Reference,
    config: Inspected,
    *,
    source_types: dict[str, str],
    repeated_share: float = 0.0,
    future_rows: int = 0,
    in_order: bool = True,
    late: Lateness | None = None,
    weighing: Weighing | None = None,
) -> tuple[Finding, ...]:
    """Compare the counts of canonical rows with the reference.

    `repeated_share` is the share of exact repetitions among the rows, `late` where rows and labels end, `weighing` what
    the weights of the rows are.
    """
    limits = config.preflight
    changed = tuple(config_changes(reference, config))
    findings: list[Finding] = [
        *schema(source_types, reference),
        *changed,
        *times(future_rows, in_order),
        *duplicates(repeated_share, limits),
    ]
    excluded = excluded_columns(changed)
    for column in reference.of_role("feature"):
        if column.name in excluded:
            continue
        values = counted.columns[column.name]
        findings += nulls(values, column, limits)
        findings += (
            categories(values, column, limits, reference.rows)
            if column.kind == "categorical"
            else ranges(values, column, limits)
        )
        findings += constants(values, column)
    target = reference.column(config.columns.target)
    if target is not None and target.name not in excluded:
        findings += labels(counted.due, target, config, late)
        findings += ranges(counted.due, target, limits) if target.kind == "numeric" else ()
        findings += constants(counted.due, target)
    if weighing is not None and config.columns.weight is not None:
        findings += weights(config.columns.weight, weighing)
    return tuple(findings)


def excluded_columns(findings: tuple[Finding, ...]) -> frozenset[str]:
    """Return the columns that cannot be compared; all others are scored, also those with errors."""
    return frozenset(
        f.column for f in findings if f.column is not None and (f.severity == "fatal" or f.code in NOT_COMPARED)
    )


def fatal(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that would corrupt a training."""
    return tuple(finding for finding in findings if finding.severity == "fatal")


def learnable(stops: tuple[Finding, ...], config: Inspected) -> bool:
    """Return whether a retrain could learn the rows as they are, in case all these fatal findings are intended.

    A training takes missing values, and new classes where the task does not name all classes. It cannot make labels.
    """
    taken = {NULLS.name} if config.type.closed else {NULLS.name, UNSEEN_LABELS.name}
    return all(finding.code in taken for finding in stops)
