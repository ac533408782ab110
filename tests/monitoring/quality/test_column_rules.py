"""Rules of columns: refused where they can never apply, and reported with numbers, the worst value and an example."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.quality.column_rules import rules
from driftloop.monitoring.records import Finding, Window
from driftloop.monitoring.rows.ruled import RuleCounts, count
from driftloop.pipelines.config.project import load
from tests import streams
from tests.judged import monitored
from tests.streams import day, stream

CURRENT = Window(start=day(0), end=day(7))


def found(frame: pd.DataFrame, lost: tuple[str, ...] = (), **changes: Any) -> list[Finding]:
    config, counts = monitored(**changes), RuleCounts(frozenset(lost))
    counts.add(count(frame, config, CURRENT), config)
    return list(rules(counts, config, dict.fromkeys(map(str, frame), "double")))


def test_a_finding_has_the_numbers_the_worst_value_and_the_first_row() -> None:
    """How many of how many rows, the value furthest from the bound, and the earliest row with time and id."""
    frame = stream(7, a_day=100).assign(order=range(700))
    frame.loc[[10, 600], "amount"] = [130, 999]
    (one,) = found(frame, columns__rules={"amount": {"min": 0, "max": 120, "severity": "fatal"}}, columns__id=["order"])
    assert (one.code, one.severity, one.column) == ("above_max", "fatal", "amount")
    assert (one.observed, one.limit) == (999, 120)
    first = f"{frame['ts'].iloc[10]:%Y-%m-%d %H:%M:%S}"
    assert one.message == (
        f"amount is above 120 in 2 of 700 rows (0.286%); the largest is 999; the first one at {first} (order 10): 130"
    )


@pytest.mark.parametrize(
    ("values", "rule", "code", "message"),
    [
        (-1.0, {"min": 0}, "below_min", "thing is below 0 in 700 of 700 rows (100%); the smallest is -1; "),
        ("x", {"max": 3}, "not_comparable", "thing is not a number in 700 of 700 rows (100%), such as 'x'; "),
        (3.0, {"max": "2026-01-01"}, "not_comparable", "thing is not a date in 700 of 700 rows (100%), such as '3'; "),
        (None, {"max_null_share": 0.5}, "too_many_nulls", "no value in 700 of 700 rows (100%) (max_null_share: 50%)"),
        ("c", {"levels": ["a", "b"]}, "not_allowed", "thing is none of 'a', 'b' in 700 of 700 rows (100%), such as"),
        ("{c}", {"levels": ["{a}"]}, "not_allowed", "thing is none of '{a}' in 700 of 700 rows (100%), such as '{c}'"),
        ("c", {"unique": True}, "not_unique", "thing is not unique in 700 of 700 rows (100%); the most frequent"),
    ],
)
def test_every_condition_has_its_code(values: Any, rule: dict[str, Any], code: str, message: str) -> None:
    """A warning, unless the rule has another severity."""
    (one,) = found(stream(7, a_day=100).assign(thing=values), columns__rules={"thing": rule})
    assert (one.code, one.severity, one.column) == (code, "warning", "thing")
    assert message in one.message


def test_a_share_of_nulls_is_limited() -> None:
    """At the limit nothing is found."""
    frame = stream(7, a_day=100)
    frame.loc[:6, "city"] = None
    assert found(frame, columns__rules={"city": {"max_null_share": 0.01}}) == []
    frame.loc[7, "city"] = None
    (one,) = found(frame, columns__rules={"city": {"max_null_share": 0.01, "severity": "error"}})
    assert (one.observed, one.limit, one.severity) == (8 / 700, 0.01, "error")


def test_a_lost_column_is_reported_with_the_severity_of_its_rule() -> None:
    """The message has the most similar name of the source."""
    (one,) = found(stream(7), ("amuont",), columns__rules={"amuont": {"min": 0, "severity": "error"}})
    assert (one.code, one.severity, one.column) == ("rule_without_column", "error", "amuont")
    assert "Did you mean 'amount'?" in one.message


@pytest.mark.parametrize(
    ("rule", "key", "message"),
    [
        ({"amount": {"min": 5, "max": 1}}, "columns.rules.amount.max", "below the min of 5"),
        ({"x": {"min": "2026-02-01", "max": "2026-01-01"}}, "columns.rules.x.max", "below the min of 2026-02-01"),
        ({"x": {"min": 1, "max": "2026-01-01"}}, "columns.rules.x.max", "2026-01-01 with a min of 1"),
        ({"x": {}}, "columns.rules.x", "no condition"),
        ({"x": {"severity": "fatal", "unique": False}}, "columns.rules.x", "no condition"),
        ({"x": {"min": "yesterday"}}, "columns.rules.x.min", "'yesterday'"),
        ({"x": {"min": True}}, "columns.rules.x.min", "a number, a date"),
        ({"x": {"min": float("nan")}}, "columns.rules.x.min", "a number, a date"),
        ({"x": {"levels": []}}, "columns.rules.x.levels", "at least 1 in the list"),
        ({"x": {"levels": [[1]]}}, "columns.rules.x.levels[0]", "text, a number"),
        ({"x": {"max_null_share": 2}}, "columns.rules.x.max_null_share", "a number of at most 1"),
        ({"x": {"unique": "perhaps"}}, "columns.rules.x.unique", "true or false"),
        ({"x": {"max": 1, "severity": "bad"}}, "columns.rules.x.severity", "'warning', 'error' or 'fatal'"),
        ({"x": {"maximum": 1}}, "columns.rules.x.maximum", "Did you mean"),
        ({"amount": {"levels": ["a"]}}, "columns.rules.amount.levels", "numbers as levels"),
        ({"amount": {"max": "2026-01-01"}}, "columns.rules.amount", "numbers for a column of columns.numeric"),
        ({"ts": {"max": 5}}, "columns.rules.ts", "dates or times for the column of columns.time"),
    ],
)
def test_a_rule_that_can_never_apply_is_refused(rule: dict[str, Any], key: str, message: str, tmp_path: Any) -> None:
    """The error names the key, what was found, and what is expected."""
    with pytest.raises(ConfigError) as raised:
        load(streams.write(tmp_path, columns__rules=rule))
    assert key in str(raised.value)
    assert message in str(raised.value)
