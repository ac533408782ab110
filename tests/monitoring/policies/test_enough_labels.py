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


def test_each_class_needs_its_labels() -> None:
    """Of many labels few may be of a rare class: the guard names it, and does not mind where classes are unknown."""
    guard = EnoughLabels(min_labels=100, min_per_class=20)
    few = signals(labelled=500).model_copy(update={"class_labels": {"0": 481, "1": 19}})
    vote = guard.judge(few, History(), NOW)
    assert (vote.vote, vote.observed, vote.threshold) == ("veto", 19.0, 20.0)
    assert vote.reason == "19 labeled rows of class '1' (minimum 20, min_per_class)"
    enough = few.model_copy(update={"class_labels": {"0": 480, "1": 20}})
    assert guard.judge(enough, History(), NOW).vote == "allow"
    assert guard.judge(signals(labelled=500), History(), NOW).vote == "allow"
    assert "500 labeled rows" in EnoughLabels(min_labels=501, min_per_class=1).judge(few, History(), NOW).reason
