"""The rule on the number of held-out rows."""

from __future__ import annotations

import pytest

from driftloop.pipelines.gate.enough_rows import EnoughRows
from tests.pipelines.gate.examples import clear


@pytest.mark.parametrize(("least", "refused"), [(999, False), (1000, False), (1001, True)])
def test_as_many_as_required_are_enough(least: int, refused: bool) -> None:
    """1,000 rows pass a minimum of 1,000; the refusal has both numbers."""
    vote = EnoughRows(min_rows=least).vote(clear())
    assert (vote is not None) == refused
    if vote is not None:
        assert vote.answer.code == "too_few_rows"
        assert "1,000 held-out rows to compare on, at least 1,001 needed (gate.min_rows)" in vote.reason


def test_only_a_champion_has_learned_from_the_others() -> None:
    """With a champion the reason explains which rows are missing; a first model has no such reason."""
    with_champion, first = (EnoughRows(min_rows=2000).vote(clear(first=one)) for one in (False, True))
    assert with_champion is not None
    assert first is not None
    assert "wait for newer labels" in with_champion.reason
    assert "wait for newer labels" not in first.reason
