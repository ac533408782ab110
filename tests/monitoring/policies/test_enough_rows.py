"""The guard on the number of rows."""

from __future__ import annotations

from driftloop.monitoring.policies import EnoughRows
from driftloop.monitoring.records import History
from tests.signals import NOW, signals


def test_enough_rows_allows_at_its_limit() -> None:
    """As many rows as are asked for are enough, labeled or not."""
    guard = EnoughRows(min_rows=100)
    assert guard.judge(signals(rows=100, labelled=0), History(), NOW).vote == "allow"
    assert guard.judge(signals(rows=99), History(), NOW).vote == "veto"
