"""The guards that count: labels, rows, errors, retrains."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.policies import BadData, Budget, EnoughLabels, EnoughRows
from driftloop.monitoring.records import Finding, History, PastRetrain
from tests.seen import NOW, signals


def test_enough_labels_allows_at_its_limit() -> None:
    """As many labels as are asked for are enough."""
    guard = EnoughLabels(min_labels=100)
    assert guard.judge(signals(labelled=100), History(), NOW).vote == "allow"
    assert guard.judge(signals(labelled=99), History(), NOW).vote == "veto"


def test_enough_rows_allows_at_its_limit() -> None:
    """As many rows as are asked for are enough, labelled or not."""
    guard = EnoughRows(min_rows=100)
    assert guard.judge(signals(rows=100, labelled=0), History(), NOW).vote == "allow"
    assert guard.judge(signals(rows=99), History(), NOW).vote == "veto"


def test_a_budget_comes_back_as_retrains_grow_old() -> None:
    """Retrains of the period count, rejected ones too, and none that is as old as the period."""
    guard = Budget(retrains=2, days=30)

    def vote(*days: float) -> str:
        spent = tuple(PastRetrain(now=NOW - timedelta(days=day), promoted=day % 2 == 0) for day in days)
        return guard.judge(signals(), History(retrains=spent), NOW).vote

    assert vote() == vote(1) == vote(1, 30) == "allow"
    assert vote(1, 29.9) == vote(0, 0, 40) == "veto"


def test_bad_data_vetoes_errors_and_lets_warnings_pass() -> None:
    """Findings of severity error veto and are named; a warning is told elsewhere and vetoes nothing."""
    warning = Finding(code="late", severity="warning", message="late rows")
    error = Finding(code="all_null", severity="error", message="no value", column="n1")
    seen = signals().model_copy(update={"findings": (warning,)})
    assert BadData().judge(seen, History(), NOW).vote == "allow"
    broken = BadData().judge(seen.model_copy(update={"findings": (warning, error)}), History(), NOW)
    assert broken.vote == "veto"
    assert "all_null" in broken.reason
    assert BadData(errors=2).judge(seen.model_copy(update={"findings": (error,)}), History(), NOW).vote == "allow"
