"""The trigger on the age of the champion."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.policies import MaxAge
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, signals


def test_an_age_counts_from_the_last_answered_request() -> None:
    """A champion that is past its age waits after a retrain for as long as a new one would, rejected or not."""
    for promoted in (False, True):
        answered = History(retrains=(PastRetrain(now=NOW - timedelta(days=10), promoted=promoted),))
        votes = {days: MaxAge(max_age_days=days).judge(signals(age=50), answered, NOW) for days in (9, 10, 11)}
        assert [vote.vote for vote in votes.values()] == ["fire", "fire", "hold"]
        assert "50.0 days old, the last retrain ended 10.0 days ago (limit 11)" in votes[11].reason
    long_ago = History(retrains=(PastRetrain(now=NOW - timedelta(days=90), promoted=True),))
    assert MaxAge(max_age_days=30).judge(signals(age=20), long_ago, NOW).vote == "hold"


def test_the_age_fires_at_its_limit() -> None:
    """29.9 days hold, 30 fire; a champion whose age no one knows is not judged."""
    votes = [MaxAge(max_age_days=30).judge(signals(age=age), History(), NOW) for age in (29.9, 30.0, None)]
    assert [vote.vote for vote in votes] == ["hold", "fire", "not_applicable"]
    assert votes[1].observed == 30
