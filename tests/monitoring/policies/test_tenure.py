"""Past checks of the current champion."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies.tenure import reign, since_cure, since_training, tenure
from driftloop.monitoring.records import UNTRAINED, History, Outcome, PastRetrain, changed
from tests.signals import past, signals


def test_a_tenure_ends_with_the_champion_and_with_a_retrain() -> None:
    """Only the newest checks of the same champion count, and only those after the last retrain, rejected or not."""
    history = past(8.0, 8.0, 8.0, 8.0)
    assert len(tenure(signals(), history)) == 4
    other = history.checks[1].model_copy(update={"champion": "0"})
    mixed = History(checks=(history.checks[0], other, *history.checks[2:]))
    assert tenure(signals(), mixed) == history.checks[2:]
    retrain = PastRetrain(now=history.checks[2].now, promoted=False)
    assert tenure(signals(), History(checks=history.checks, retrains=(retrain,))) == history.checks[3:]
    assert reign(signals(), History(checks=mixed.checks, retrains=(retrain,))) == history.checks[2:]


def test_a_new_champion_has_no_past() -> None:
    """Checks of the champion before it count for nothing, and neither does an empty history."""
    promoted = signals().model_copy(update={"champion": "2"})
    assert tenure(promoted, past(8.0, 8.0)) == reign(promoted, past(8.0, 8.0)) == ()
    assert tenure(signals(), History()) == ()


def test_a_check_at_the_moment_of_a_retrain_is_before_it() -> None:
    """The check that led to the retrain has its own time: it is not part of the tenure that follows."""
    history = past(8.0, 8.0)
    at = PastRetrain(now=history.checks[-1].now, promoted=True)
    assert tenure(signals(), History(checks=history.checks, retrains=(at,))) == ()


@pytest.mark.parametrize("outcome", sorted(UNTRAINED))
def test_a_switch_back_or_a_recalibration_is_no_training(outcome: Outcome) -> None:
    """Checks of the version before a switch still count since the last training; those before a promotion do not."""
    history = History(checks=tuple(changed(check, champion="2") for check in past(8.0, 8.0, 8.0, 8.0).checks))
    switched = changed(history.checks[2], outcome=outcome)
    now = changed(signals(), champion="1")
    since = History(checks=(*history.checks[:2], switched, changed(history.checks[3], champion="1")))
    assert since_training(now, since) == since.checks
    assert tenure(now, since) == since.checks[3:]
    assert since_training(changed(now, champion="3"), since) == ()
    promoted = changed(history.checks[0], champion="0", outcome=Outcome.PROMOTED)
    assert since_training(now, History(checks=(promoted, *since.checks[1:]))) == since.checks[1:]
    retrain = PastRetrain(now=history.checks[1].now, promoted=True)
    assert since_training(now, History(checks=since.checks, retrains=(retrain,))) == since.checks[2:]
    assert since_cure(now, since) == (since.checks[3:] if outcome is Outcome.RECALIBRATED else since.checks)
