"""What is wrong with the fresh rows before any statistics: findings with code, severity, numbers and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import clipped, listed
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.tally import Counted, Tally
from driftloop.monitoring.records import TEXT, ColumnReference, Finding, Reference, Role, Severity

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored
    from driftloop.monitoring.quality.settings import Preflight
    from driftloop.monitoring.sources import Strays

FEW_LABELS = 20  # a share of fewer labels than this is chance: told, never fatal
FEW_VALUES = 10  # where so few values were to be expected, none at all may be chance
# Of these columns nothing can be compared. A column of which all values are unlike the reference can: it has drifted.
NOT_COMPARED = frozenset({"nothing_to_judge", "all_different"})


def inspect(
    counted: Tally,
    reference: Reference,
    config: Monitored,
    *,
    source_types: dict[str, str],
    repeated_share: float = 0.0,
    future_rows: int = 0,
    in_order: bool = True,
    late: Lateness | None = None,
) -> tuple[Finding, ...]:
    """Hold what was counted of canonical rows against the reference.

    `repeated_share` is how many of the rows repeat another row exactly, `late` where rows and labels end.
    """
    limits = config.preflight
    changed = tuple(_config(reference, config))
    found: list[Finding] = [
        *_schema(source_types, reference),
        *changed,
        *_times(future_rows, in_order),
        *_rows(repeated_share, config),
    ]
    unlike = put_aside(changed)
    for column in reference.of_role("feature"):
        if column.name in unlike:
            continue
        values = counted.columns[column.name]
        found += _nulls(values, column, limits)
        found += (
            _unseen(values, column, limits, reference.rows)
            if column.kind == "categorical"
            else _range(values, column, limits)
        )
        found += _constant(values, column)
    target = reference.column(config.columns.target)
    if target is not None and target.name not in unlike:
        found += _labels(counted.due, target, config, late)
    return tuple(found)


def in_no_window(strays: Strays) -> tuple[Finding, ...]:
    """Report the rows of the source that have no time, or one that no window reaches: nobody judges or learns them."""
    texts = {
        "no_time": (strays.timeless, "no time"),
        "time_out_of_range": (strays.outside, "a time before 1678 or after 2261"),
    }
    return tuple(_never_in_a_window(code, rows, what) for code, (rows, what) in texts.items() if rows)


def _never_in_a_window(code: str, rows: int, what: str) -> Finding:
    them = "1 row of the source has" if rows == 1 else f"{rows:,} rows of the source have"
    message = f"{them} {what}: no window holds such rows, so they are neither judged nor learned from"
    return Finding(code=code, severity="warning", observed=float(rows), limit=0.0, message=message)


def put_aside(findings: tuple[Finding, ...]) -> frozenset[str]:
    """Return the columns of which nothing can be compared; all others are scored, those with errors too."""
    return frozenset(
        f.column for f in findings if f.column is not None and (f.severity == "fatal" or f.code in NOT_COMPARED)
    )


def fatal(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings that would poison a training."""
    return tuple(finding for finding in findings if finding.severity == "fatal")


def _schema(types: dict[str, str], reference: Reference) -> Iterator[Finding]:
    extra = sorted(set(types) - set(reference.source_types))
    if extra:
        yield Finding(
            code="extra_column",
            severity="info",
            observed=float(len(extra)),
            message=f"the source has new columns that the champion's reference did not have: {listed(extra)}",
        )
    used = {column.name for column in reference.columns}
    lost = sorted(set(reference.source_types) - set(types) - used)
    if lost:
        yield Finding(
            code="source_column_gone",
            severity="warning",
            observed=float(len(lost)),
            message=f"columns of the source that the model does not use are gone: {listed(lost)}",
        )
    for name in sorted(set(types) & set(reference.source_types)):
        # How text is read is the config's choice; an older reference has the type that all values together had.
        if types[name] != reference.source_types[name] and not types[name].startswith(TEXT):
            yield Finding(
                code="source_type_changed",
                severity="warning",
                column=name,
                message=f"{name} was {reference.source_types[name]} in the source and is {types[name]} now",
            )


def _config(reference: Reference, config: Monitored) -> Iterator[Finding]:
    """Find where the config was changed after the champion was trained, so that the two no longer fit together."""
    remedy = "change it back, or give the model another name and train it anew"
    now: dict[str, Role] = {**dict.fromkeys(config.columns.features, "feature"), config.columns.target: "target"}
    for column in (*reference.of_role("feature"), *reference.of_role("target")):
        found = None
        if now.get(column.name) != column.role:
            found = f"the config no longer names {column.name} as a {column.role}, and the champion was trained so"
        elif config.kind(column.name) != column.kind:
            found = (
                f"{column.name} is {config.kind(column.name)} in the config, and the champion knows it as {column.kind}"
            )
        if found:
            yield Finding(code="config_changed", severity="fatal", column=column.name, message=f"{found}: {remedy}")


def _times(future_rows: int, in_order: bool) -> Iterator[Finding]:
    if future_rows:
        yield Finding(
            code="future_time",
            severity="warning",
            observed=float(future_rows),
            limit=0.0,
            message=f"{future_rows:,} rows of the source lie in the future; they are in no window yet",
        )
    if not in_order:
        yield Finding(
            code="time_not_in_order", severity="info", message="the source is not in order of time; it was sorted"
        )


def _rows(share: float, config: Monitored) -> Iterator[Finding]:
    limit = config.preflight.max_duplicate_share
    if share > limit:
        yield Finding(
            code="duplicate_rows",
            severity="warning",
            observed=share,
            limit=limit,
            message=f"{share:.1%} of the rows repeat another row exactly (limit {limit:.0%})",
        )


def _nulls(values: Counted, column: ColumnReference, limits: Preflight) -> Iterator[Finding]:
    share = values.null_share
    new = share - column.null_share
    told = f"{share:.1%} of {column.name} are null, in the reference {column.null_share:.1%}"
    severity: Severity | None = None
    limit = limits.max_new_null_share
    if new > limit:
        severity = "fatal"
    elif share == 1.0:
        if values.rows * (1 - column.null_share) < FEW_VALUES:
            told = f"{told}; there is nothing to judge"
            yield Finding(code="nothing_to_judge", severity="warning", column=column.name, observed=share, message=told)
            return
        severity = "error"
    elif new > limits.warn_new_null_share:
        severity, limit = "warning", limits.warn_new_null_share
    if severity:
        told = told if severity == "error" else f"{told} (limit {limit:.0%} more)"
        yield Finding(code="nulls", severity=severity, column=column.name, observed=share, limit=limit, message=told)


def _unseen(values: Counted, column: ColumnReference, limits: Preflight, reference_rows: int) -> Iterator[Finding]:
    if not values.present:
        return
    if column.distinct > len(column.levels):
        yield Finding(
            code="many_categories",
            severity="info",
            column=column.name,
            observed=float(column.distinct),
            limit=float(len(column.levels)),
            message=f"{column.name} has {column.distinct:,} categories in the reference, of which the "
            f"{len(column.levels):,} most frequent are remembered; unseen ones are not counted",
        )
        return
    share, named = _strange(values)
    if share == 1.0 and 2 * column.distinct > reference_rows * (1 - column.null_share):
        yield Finding(
            code="all_different",
            severity="warning",
            column=column.name,
            observed=share,
            message=f"{column.name} has {column.distinct:,} categories in {reference_rows:,} rows of the reference, as "
            "an id has, and only new ones now: it cannot be compared; better remove it from the features",
        )
        return
    if share > limits.max_unseen_share or share == 1.0:
        yield Finding(
            code="unseen_categories",
            severity="error" if share == 1.0 else "warning",
            column=column.name,
            observed=share,
            limit=limits.max_unseen_share,
            message=f"{share:.1%} of {column.name} are categories that the reference does not have: {named}",
        )


def _strange(values: Counted) -> tuple[float, str]:
    return values.unseen / values.present, listed((clipped(level) for level in values.strange), 3)


def _range(values: Counted, column: ColumnReference, limits: Preflight) -> Iterator[Finding]:
    if column.low is None or column.high is None or not values.present:
        return
    outside = values.outside / values.present
    if outside > limits.max_out_of_range_share:
        yield Finding(
            code="out_of_range",
            severity="warning",
            column=column.name,
            observed=outside,
            limit=limits.max_out_of_range_share,
            message=f"{outside:.1%} of {column.name} lie outside the reference's {column.low:.6g} to {column.high:.6g}",
        )


def _constant(values: Counted, column: ColumnReference) -> Iterator[Finding]:
    if values.present > 1 and column.distinct > 1 and not values.varied:
        only = f"{values.only:.6g}" if column.kind == "numeric" else clipped(repr(values.only))
        yield Finding(
            code="constant",
            severity="warning",
            column=column.name,
            observed=1.0,
            message=f"{column.name} has the single value {only}, in the reference {column.distinct:,} different ones",
        )


def _labels(due: Counted, target: ColumnReference, config: Monitored, late: Lateness | None) -> Iterator[Finding]:
    """Judge the labels that must be there by now: a model that learns from broken ones is worse than an old one."""
    if not due.rows:
        told = "no label of this window is due yet"
        yield Finding(code="no_labels_due", severity="info", column=target.name, message=told)
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
        yield Finding(
            code="target_missing",
            severity="fatal" if broken else "warning",
            column=target.name,
            observed=share,
            limit=limit,
            message=f"{share:.1%} of the {due.rows:,} labels in {target.name} that are due are missing, "
            f"in the reference {target.null_share:.1%} (limit {limit:.0%} more){ends}",
        )
    if target.kind == "numeric":
        yield from _range(due, target, limits)
    elif due.present and target.distinct <= len(target.levels):
        yield from _classes(due, target, config)
    yield from _constant(due, target)


def _classes(labels: Counted, target: ColumnReference, config: Monitored) -> Iterator[Finding]:
    """Judge new classes. Where the task names all of them none may be new; of many one may be real, all of them not."""
    share, named = _strange(labels)
    limit = config.preflight.max_unseen_share
    closed = config.type.closed
    if share == 0.0 or (share <= limit and not closed):
        return
    broken = labels.present >= FEW_LABELS and (share == 1.0 or (closed and share > limit))
    yield Finding(
        code="unseen_labels",
        severity="fatal" if broken else "warning",
        column=target.name,
        observed=share,
        limit=limit,
        message=f"{share:.1%} of the labels in {target.name} are classes that the reference does not have: {named}",
    )
