"""Findings about the rules of columns (`columns.rules`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import listed, suggestion
from driftloop.monitoring.records import Finding, FindingCode
from driftloop.monitoring.rows.ruled import Broken, Condition, Example, RuleCounts, each
from driftloop.monitoring.settings.rules import Rule, shown

if TYPE_CHECKING:
    from driftloop.monitoring.settings.judged import HasColumns

BELOW_MIN = FindingCode(
    name="below_min",
    severities=("fatal", "error", "warning"),
    meaning="values of a column are below the `min` of its rule in `columns.rules`",
    cause="wrong input, another unit, a marker such as -1 for a missing value, or a limit that is too narrow",
    remedy="correct the rows in the source, exclude them (`columns.filter`), or change the rule; the message has the "
    "first one",
)
ABOVE_MAX = FindingCode(
    name="above_max",
    severities=("fatal", "error", "warning"),
    meaning="values of a column are above the `max` of its rule in `columns.rules`",
    cause="wrong input, another unit, a marker such as 9999 for a missing value, or a limit that is too narrow",
    remedy="correct the rows in the source, exclude them (`columns.filter`), or change the rule; the message has the "
    "first one",
)
NOT_COMPARABLE = FindingCode(
    name="not_comparable",
    severities=("fatal", "error", "warning"),
    meaning="values of a column cannot be compared with the `min` or `max` of its rule: they are not numbers, or not "
    "dates",
    cause="words or another format among the values, or a rule with numbers for a column of dates",
    remedy="correct the rows in the source, read them as numbers or dates (`columns.types`, `columns.derived`), or "
    "correct the rule",
)
TOO_MANY_NULLS = FindingCode(
    name="too_many_nulls",
    severities=("fatal", "error", "warning"),
    meaning="a larger share of the rows than `max_null_share` of the rule in `columns.rules` has no value",
    cause="a field is no longer filled in, or its values can no longer be read",
    remedy="fill in the values in the source, or change the rule",
)
NOT_ALLOWED = FindingCode(
    name="not_allowed",
    severities=("fatal", "error", "warning"),
    meaning="a column has values that are not among the `levels` of its rule in `columns.rules`",
    cause="a new or misspelled category",
    remedy="correct the rows in the source, or add the value to the levels of the rule",
)
NOT_UNIQUE = FindingCode(
    name="not_unique",
    severities=("fatal", "error", "warning"),
    meaning="rows share a value of a column whose rule in `columns.rules` has `unique: true`",
    cause="rows were delivered or joined more than once, or the column is no key",
    remedy="remove the repeated rows from the source, or remove `unique` from the rule",
)
RULE_WITHOUT_COLUMN = FindingCode(
    name="rule_without_column",
    severities=("fatal", "error", "warning"),
    meaning="the source does not have a column that a rule in `columns.rules` names, so the rule cannot be evaluated",
    cause="the column was renamed or removed in the source, or its name is misspelled in the config",
    remedy="restore the column, correct the name, or remove the rule",
)
CODES: dict[Condition, FindingCode] = {
    "min": BELOW_MIN,
    "max": ABOVE_MAX,
    "type": NOT_COMPARABLE,
    "null": TOO_MANY_NULLS,
    "levels": NOT_ALLOWED,
    "unique": NOT_UNIQUE,
}


def rules(counts: RuleCounts, config: HasColumns, there: dict[str, str]) -> Iterator[Finding]:
    """Report the rules that rows break, and those whose column is missing; `there` are the columns of the source."""
    for name in sorted(counts.lost):
        yield RULE_WITHOUT_COLUMN.found(
            f"the source has no column {name!r}, so columns.rules.{name} was not evaluated.{suggestion(name, there)}",
            severity=config.columns.rules[name].severity,
            column=name,
        )
    for name, rule, condition, broken in each(counts, config):
        share = broken.rows / counts.rows[name]
        if condition == "null" and share <= (rule.max_null_share or 0.0):
            continue
        sentence, observed, limit = _described(name, rule, condition, broken, share)
        where = f" in {broken.rows:,} of {counts.rows[name]:,} rows ({_percent(share)})"
        yield CODES[condition].found(
            f"{sentence.format(where=where)}{_example(condition, broken)}",
            severity=rule.severity,
            column=name,
            observed=observed,
            limit=limit,
        )


def _described(
    name: str, rule: Rule, condition: Condition, broken: Broken, share: float
) -> tuple[str, float | None, float | None]:
    """Return a sentence with a place for the counts, the observed number, and its limit."""
    safe = _plain(name)
    often = listed((_plain(value) for value, _ in broken.values.most_common(3)), 3)
    if condition in ("min", "max"):
        bound, side, most = (rule.min, "below", "smallest") if condition == "min" else (rule.max, "above", "largest")
        worst, text = broken.worst or (None, "")
        limit = _float(bound)
        return f"{safe} is {side} {shown(bound)}{{where}}; the {most} is {text}", limit and _float(worst), limit
    if condition == "type":
        kind = "a number" if rule.reads == "number" else "a date"
        return f"{safe} is not {kind}{{where}}, such as {often}", float(broken.rows), 0.0
    if condition == "null":
        allowed = rule.max_null_share or 0.0
        return f"{safe} has no value{{where}} (max_null_share: {_percent(allowed)})", share, allowed
    if condition == "levels":
        levels = _plain(listed((str(level) if isinstance(level, date) else level for level in rule.levels or ()), 5))
        return f"{safe} is none of {levels}{{where}}, such as {often}", float(broken.rows), 0.0
    return f"{safe} is not unique{{where}}; the most frequent value is {often}", float(broken.rows), 0.0


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _example(condition: Condition, broken: Broken) -> str:
    first = broken.first
    if first is None:
        return ""
    value = f": {first.value}" if first.value and condition != "null" else ""
    of = f" ({first.id})" if first.id else ""
    row = "the first repeated one" if condition == "unique" else "the first one"
    return f"; {row} at {_moment(first)}{of}{value}"


def _moment(example: Example) -> str:
    moment = example.moment
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second or moment.microsecond else f"{moment:%Y-%m-%d %H:%M}"


def _percent(share: float) -> str:
    """Return a share with three digits: 1 of a million rows is not 0.0%.

    >>> _percent(0.5), _percent(0.000001)
    ('50%', '0.0001%')
    """
    return f"{100 * share:.3g}%" if share >= 1e-6 else f"{100 * share:.1g}%"


def _float(value: Any) -> float | None:
    if isinstance(value, str) or not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
