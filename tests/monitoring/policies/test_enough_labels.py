"""The guard on the number of labels."""

from __future__ import annotations

from driftloop.monitoring.policies import EnoughLabels
from driftloop.monitoring.records import History
from tests.signals import NOW, signals


def test_enough_labels_allows_at_its_limit() -> None:
    """As many labels as are asked for are enough."""
    guard = EnoughLabels(min_labels=100)
    assert guard.judge(signals(labelled=100), History(), NOW).vote == "allow"
    assert guard.judge(signals(labelled=99), History(), NOW).vote == "veto"


def test_rows_without_labels_do_not_count() -> None:
    """Many rows with few labels are still too few to train and compare on; the reason has both numbers."""
    judged = EnoughLabels(min_labels=1000).judge(signals(rows=100_000, labelled=999), History(), NOW)
    assert (judged.vote, judged.observed, judged.threshold) == ("veto", 999.0, 1000.0)
    assert "999 labeled rows (minimum 1,000)" in judged.reason
