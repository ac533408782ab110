"""What policies see, and the decision over their votes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.records import (
    Decision,
    Performance,
    Signals,
    Vote,
    Window,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


DAY = timedelta(days=1)


def test_a_decision_is_held_when_fire_meets_veto() -> None:
    """Held means that someone wanted a retrain and someone forbade it."""

    def fires(*votes: str) -> bool:
        cast = tuple(Vote.model_validate({"policy": "p", "vote": vote, "reason": "r"}) for vote in votes)
        return Decision(action="wait", reason="r", votes=cast).held

    assert fires("hold", "fire", "allow", "veto")
    assert not fires("hold", "veto")
    assert not fires("fire", "allow")


def test_labels_lag_by_the_windows_between() -> None:
    """A loss of the window before the current one is one window late; without a loss there is no lag."""
    window = Window(start=START + DAY, end=START + 2 * DAY)
    early = Performance(
        loss_name="mae",
        loss=1.0,
        low=1.0,
        high=1.0,
        rows=9,
        window=Window(start=START, end=START + DAY),
        reference_loss=1.0,
    )
    assert Signals(window=window, rows=9, labelled_rows=9, performance=early).lag_batches == 1.0
    assert Signals(window=window, rows=9, labelled_rows=0).lag_batches == 0.0


def test_rules_that_fired_are_found_at_any_depth() -> None:
    """Only a vote that names its rule and fired is kept for later checks, also inside another one."""
    inner = Vote(policy="drift_share", vote="fire", reason="r", rule="drift_share()")
    held = Vote(policy="drift_share", vote="hold", reason="r", rule="other()")
    outer = Vote(policy="any_of", vote="hold", reason="r", members=(inner, held))
    assert outer.fired_rules() == ("drift_share()",)
    assert held.fired_rules() == ()
