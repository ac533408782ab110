"""Rules of columns and the age of the newest row, in whole checks: findings, outcomes, notifications, status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.notify.notices import Notice, of_check
from driftloop.pipelines.operations.status import as_table, collect
from tests.conftest import Model
from tests.streams import day, stream

RULES: dict[str, Any] = {"amount": {"max": 100}, "order": {"unique": True}, "note": {"max_null_share": 0.5}}


def rows() -> pd.DataFrame:
    frame = stream(35, a_day=40)
    return frame.assign(order=[f"A{at}" for at in range(len(frame))], note="x")


def codes(check: Check) -> dict[str, str]:
    known = {"above_max", "below_min", "not_unique", "too_many_nulls", "rule_without_column", "stale"}
    return {finding.code: finding.severity for finding in check.findings if finding.code in known}


def sent(made: Model, check: Check) -> list[Notice]:
    return [notice for notice in of_check(check, load(made.file).notify) if not notice.ends]


def test_broken_rules_are_findings_and_fatal_ones_end_the_check(trained: Callable[..., Model]) -> None:
    """On features and on other columns; the same rows are judged again once a column that only a rule reads changed."""
    made = trained(rows(), columns__rules=RULES, columns__id=["order"])
    assert codes(made.check(day(28))) == {}

    frame = rows()
    frame.loc[frame.index[-100:-20], "note"] = None
    frame.loc[frame.index[-50], "amount"] = 130.0
    made.given(frame, columns__rules=RULES, columns__id=["order"])
    warned = made.check(day(35))
    assert warned.outcome.judged
    assert codes(warned) == {"above_max": "warning"}
    assert sent(made, warned) == []

    frame["note"] = None
    made.given(frame, columns__rules=RULES, columns__id=["order"])
    again = made.check(day(35))
    assert again.outcome.judged
    assert codes(again) == {"above_max": "warning", "too_many_nulls": "warning"}
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED

    fatal = {**RULES, "amount": {"max": 100, "severity": "fatal"}}
    frame.loc[frame.index[-40], "amount"] = 140.0
    made.given(frame, columns__rules=fatal, columns__id=["order"])
    ended = made.check(day(35))
    assert ended.outcome is Outcome.BAD_DATA
    assert ended.reason.startswith("the data is broken, so no retrain: amount is above 100 in 2 of ")
    assert [notice.kind for notice in sent(made, ended)] == ["data"]

    made.given(frame.drop(columns="note"), columns__rules=RULES, columns__id=["order"])
    lost = made.check(day(35))
    assert codes(lost) == {"above_max": "warning", "rule_without_column": "warning"}
    assert lost.outcome.judged


def test_a_window_with_few_rows_is_bad_data_if_a_fatal_rule_is_broken(trained: Callable[..., Model]) -> None:
    """Too few rows to judge are enough to see that they are broken."""
    rule = {"amount": {"max": 100, "severity": "fatal"}}
    made = trained(rows(), columns__rules=rule)
    frame = rows()
    frame = frame.loc[frame["ts"] < pd.Timestamp(day(28.1))]
    frame.loc[frame.index[-1], "amount"] = 130.0
    made.given(frame, columns__rules=rule, preflight__min_rows=2000)
    assert made.check(day(35)).outcome is Outcome.BAD_DATA


def test_no_new_rows_are_reported_with_and_without_a_window_of_rows(trained: Callable[..., Model]) -> None:
    """A check without any row sends a notification immediately, and so does one of the same rows."""
    made = trained(rows(), preflight__max_silence="2h")
    fresh = made.check(day(35))
    assert codes(fresh) == {}
    assert fresh.newest_row is not None
    assert abs((fresh.newest_row - rows()["ts"].iloc[-1]).total_seconds()) < 1

    again = made.check(day(35.5))
    assert (again.outcome, codes(again)) == (Outcome.ALREADY_CHECKED, {"stale": "error"})
    assert [(one.kind, one.title) for one in sent(made, again)] == [("silence", f"{made.name}: no new rows")]

    empty = made.check(day(60))
    assert (empty.outcome, codes(empty)) == (Outcome.NO_DATA, {"stale": "error"})
    (notice,) = sent(made, empty)
    assert notice.key == sent(made, again)[0].key
    assert "(preflight.max_silence: 2h)" in notice.body
    (line,) = collect(made.name)
    assert line["newest_row"] == fresh.newest_row.isoformat()
    assert "no row for 25d" in line["stale"]
    assert "no_data, stale" in as_table([line])

    made.given(preflight__max_silence={"after": "2h", "severity": "fatal"})
    ended = made.check(day(70))
    assert ended.outcome is Outcome.BAD_DATA
    assert [one.kind for one in sent(made, ended)] == ["silence"]

    made.given(preflight__max_silence={"after": "2h", "severity": "warning"})
    assert sent(made, made.check(day(80))) == []
