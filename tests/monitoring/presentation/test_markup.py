"""Numbers and tones of every page."""

from __future__ import annotations

from driftloop.monitoring.presentation.markup import OUTCOMES, POLICY, tone_of
from driftloop.monitoring.records import Outcome


def test_every_outcome_has_a_word_and_a_tone() -> None:
    """No outcome is missing, and none of a champion that does worse is good."""
    assert set(OUTCOMES) == set(Outcome)
    assert {tone_of(outcome, worse=True) for outcome in Outcome} == {"warn", "bad"}


def test_the_policy_allows_no_address() -> None:
    """Everything that is not named is forbidden, and what is named is inside the page."""
    assert POLICY.startswith("default-src 'none';")
    assert "http" not in POLICY
    assert "*" not in POLICY
