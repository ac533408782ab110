"""Triggers propose, guards veto."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.decision import decide, next_step
from driftloop.monitoring.policies import Always, Cooldown, DriftShare, EnoughLabels, MaxAge, Never, RecoverableLoss
from driftloop.monitoring.records import History, PastRetrain, Performance, Probe, Signals, Window

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SIGNALS = Signals(window=Window(start=NOW - timedelta(days=7), end=NOW), rows=100, labelled_rows=50)


def test_one_trigger_that_fires_is_enough() -> None:
    """A retrain needs one trigger that fires and no guard that vetoes."""
    decision = decide([Never(), Always()], [EnoughLabels(min_labels=50)], SIGNALS, History(), NOW)
    assert decision.action == "retrain"
    assert [vote.vote for vote in decision.votes] == ["hold", "fire", "allow"]
    assert "retrains at every check" in decision.reason


def test_one_guard_that_vetoes_is_enough() -> None:
    """A veto holds the retrain, and the reason names both policies."""
    past = History(retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=True),))
    decision = decide([Always()], [Cooldown(days=7), EnoughLabels(min_labels=1)], SIGNALS, past, NOW)
    assert (decision.action, decision.held) == ("wait", True)
    assert "[always]" in decision.reason
    assert "[cooldown]" in decision.reason


def test_no_fire_means_wait() -> None:
    """A veto without a proposal is no hold."""
    decision = decide([Never()], [EnoughLabels(min_labels=999)], SIGNALS, History(), NOW)
    assert (decision.action, decision.held) == ("wait", False)


def test_without_a_judging_trigger_the_decision_is_cannot_judge() -> None:
    """If every trigger is not applicable, the decision is not "wait"."""
    decision = decide([DriftShare(), MaxAge(max_age_days=3)], [], SIGNALS, History(), NOW)
    assert decision.action == "cannot_judge"
    assert "no feature has a drift score" in decision.reason


def test_the_verdict_appears_once() -> None:
    """The decision does not repeat the verdict that a vote's reason begins with."""
    performance = Performance(
        loss_name="mae", loss=2.0, low=2.0, high=2.0, rows=50, window=SIGNALS.window, reference_loss=1.0
    )
    probe = Probe(champion_loss=2.0, probe_loss=1.0, gap=1.0, rows=50)
    signals = SIGNALS.model_copy(update={"performance": performance, "age_batches": 3.0, "probe": probe})
    decision = decide([RecoverableLoss()], [], signals, History(), NOW)
    assert decision.votes[0].reason.startswith("retrain: ")
    assert decision.reason.startswith("retrain: ")
    assert decision.reason.count("retrain:") == 1


def test_one_step_follows_a_decision_in_a_fixed_order() -> None:
    """What is proven comes first; a retrain that is due is postponed neither by a recalibration nor by a switch."""
    every = {"recalibrates": True, "leads": True}
    assert next_step("retrain", **every, proven_worse=True, shadow_ends=True) == "roll_back"
    assert next_step("retrain", **every, shadow_ends=True) == "end_shadow"
    assert next_step("retrain", **every) == "retrain"
    for action in ("wait", "cannot_judge", None):
        assert next_step(action, **every) == "recalibrate"
        assert next_step(action, recalibrates=False, leads=True) == "switch"
        assert next_step(action, recalibrates=False, leads=False) is None
