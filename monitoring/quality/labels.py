"""Findings about the labels that are due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding, FindingCode

if TYPE_CHECKING:
    from driftloop.monitoring.quality.settings import Inspected

FEW_LABELS = 20  # a share of fewer labels than this may be chance: reported, never fatal
NO_LABELS_DUE = FindingCode(
    name="no_labels_due",
    severities=("info",),
    meaning="no label of this window is due yet, so no loss can be measured",
    cause="`columns.label_delay` is longer than the age of the rows",
    remedy="nothing; the loss follows once the labels are due",
)
TARGET_MISSING = FindingCode(
    name="target_missing",
    severities=("fatal", "warning"),
    meaning="labels that are due are missing, more than in the champion's reference",
    cause="labels arrive later than `columns.label_delay`, or are no longer delivered",
    remedy="deliver the labels, or set `columns.label_delay` to the real delay; the message proposes a value",
)
LABELS_NOT_ALLOWED = FindingCode(
    name="labels_not_allowed",
    severities=("fatal",),
    meaning="the loss is not defined for some of the labels, such as counts below zero",
    cause="a wrong target, a marker such as -1 for a missing label, or a loss for another kind of target",
    remedy="correct the target, exclude those rows (`columns.filter`), or choose another `performance.loss`",
)
UNSEEN_LABELS = FindingCode(
    name="unseen_labels",
    severities=("fatal", "warning"),
    meaning="labels are classes that the champion's reference does not have",
    cause="the classes are spelled or coded differently, or there is a new class",
    remedy="fix the source; a new class that is real needs `task: multiclass` and a retrain",
)


def labels(due: Counted, target: ColumnReference, config: Inspected, late: Lateness | None) -> Iterator[Finding]:
    """Report problems of the labels that are due: a model trained on broken labels is worse than an old one."""
    if not due.rows:
        yield NO_LABELS_DUE.found("no label of this window is due yet", column=target.name)
        return
    limits = config.preflight
    share = due.null_share
    new = share - target.null_share
    enough = due.rows >= FEW_LABELS
    broken = enough and (share == 1.0 or new > limits.max_new_null_share)
    if broken or new > limits.warn_new_null_share:
        limit = limits.max_new_null_share if broken else limits.warn_new_null_share
        delay = config.columns.label_delay
        ends = f"; {late.sentence(delay)}: {late.remedy(delay)}" if late is not None else ""
        yield TARGET_MISSING.found(
            f"{share:.1%} of the {due.rows:,} labels in {target.name} that are due are missing; "
            f"the reference has {target.null_share:.1%} (limit: {limit:.0%} more){ends}",
            severity="fatal" if broken else "warning",
            column=target.name,
            observed=share,
            limit=limit,
        )
    yield from _not_allowed(due, target, config.loss)
    if target.kind == "categorical" and due.present and target.distinct <= len(target.levels):
        yield from _classes(due, target, config)


def _not_allowed(due: Counted, target: ColumnReference, loss: Loss) -> Iterator[Finding]:
    """Judge labels for which the loss is not defined."""
    if loss.refused(due.least):
        side = "at or below" if loss.above else "below"
        yield LABELS_NOT_ALLOWED.found(
            f"{target.name} has labels {side} {loss.lowest:g} (smallest: {due.least:.6g}), for which "
            f"{loss} is not defined: correct them, exclude those rows (columns.filter), or choose "
            "another performance.loss",
            column=target.name,
            observed=due.least,
            limit=loss.lowest,
        )
    if loss.relative and due.present and due.only == 0 and not due.varied:
        yield LABELS_NOT_ALLOWED.found(
            f"all {due.present:,} labels of {target.name} are 0, by whose sum {loss} divides: correct them, or choose "
            "another performance.loss",
            column=target.name,
            observed=0.0,
        )


def _classes(due: Counted, target: ColumnReference, config: Inspected) -> Iterator[Finding]:
    """Report new classes: always if the task has a fixed set of classes, otherwise above the limit."""
    share = due.unseen_share
    limit = config.preflight.max_unseen_share
    closed = config.type.closed
    if share == 0.0 or (share <= limit and not closed):
        return
    broken = due.present >= FEW_LABELS and (share == 1.0 or (closed and share > limit))
    ends = "; fix the source, or set task: multiclass if the new class is real" if closed else f" (limit {limit:.0%})"
    yield UNSEEN_LABELS.found(
        f"{share:.1%} of the labels in {target.name} are classes that the reference does not have: {due.unseen_names}"
        f"{ends}",
        severity="fatal" if broken else "warning",
        column=target.name,
        observed=share,
        limit=limit,
    )
