"""The trigger on the number of new rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.policies import NewRows
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, signals


def test_rows_of_windows_that_overlap_count_once() -> None:
    """Checks a seventh of a window apart add a seventh of their rows each; windows side by side add all."""
    side_by_side = NewRows(rows=1).judge(signals(rows=500, batches=3.0), past(8.0, 8.0), NOW)
    assert side_by_side.observed == 1500
    daily = past(8.0, 8.0)
    checks = tuple(check.model_copy(update={"age_batches": 1 + n / 7}) for n, check in enumerate(daily.checks))
    overlapping = NewRows(rows=1).judge(signals(rows=700, batches=1 + 2 / 7), History(checks=checks), NOW)
    assert round(overlapping.observed or 0) == 500 + round(500 / 7 + 700 / 7)


@pytest.mark.parametrize("promoted", [False, True])
def test_rows_that_were_counted_before_a_retrain_are_not_counted_after_it(promoted: bool) -> None:
    """Daily checks of a week: the day after an answered request has one new day of rows, whichever version serves."""
    checks = tuple(
        check.model_copy(update={"now": NOW - timedelta(days=days), "age_batches": 3 - days / 7})
        for days, check in zip((3, 2, 1), past(8.0, 8.0, 8.0).checks, strict=True)
    )
    answered = PastRetrain(now=NOW - timedelta(days=1), promoted=promoted)
    values = signals(rows=700, batches=3.0).model_copy(update={"champion": "2" if promoted else "1"})
    vote = NewRows(rows=700).judge(values, History(checks=checks, retrains=(answered,)), NOW)
    assert (vote.vote, round(vote.observed or 0)) == ("hold", 100)
    later = signals(rows=700, batches=3.0).model_copy(update={"champion": values.champion})
    unanswered = NewRows(rows=700).judge(later, History(checks=checks[:1]), NOW)
    assert unanswered.vote == ("hold" if promoted else "fire")


def test_an_unknown_age_counts_each_window_in_full() -> None:
    """Without an age no overlap can be known, so all rows of each check are new."""
    checks = tuple(check.model_copy(update={"age_batches": None}) for check in past(8.0, 8.0).checks)
    judged = NewRows(rows=1500).judge(signals(rows=500, batches=None), History(checks=checks), NOW)
    assert (judged.vote, judged.observed) == ("fire", 1500.0)
