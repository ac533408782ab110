"""What all policies share: thresholds, drift of one column, significance of a rise, and the name of a rule."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import pytest

from driftloop.monitoring.policies import Cara, Cost, DriftShare, EnoughRows, MaxAge, PerformanceDrop
from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.records import History, Signals, Vote
from tests.signals import performance, signals


@pytest.mark.parametrize(("observed", "vote"), [(0.999, "hold"), (1.0, "fire"), (1.001, "fire")])
def test_a_trigger_fires_at_its_threshold(observed: float, vote: str) -> None:
    """At the threshold is enough; the vote keeps both numbers."""
    judged = MaxAge(max_age_days=1).compare(observed, 1.0, "because")
    assert (judged.vote, judged.observed, judged.threshold, judged.policy) == (vote, observed, 1.0, "max_age")


@pytest.mark.parametrize(("observed", "vote"), [(0.999, "veto"), (1.0, "allow"), (1.001, "allow")])
def test_a_guard_allows_at_its_threshold(observed: float, vote: str) -> None:
    """As much as is required is enough."""
    assert EnoughRows().require(observed, 1.0, "because").vote == vote


@pytest.mark.parametrize(
    ("loss", "spread", "vote"),
    [(10.0, 1.9, "fire"), (10.0, 2.0, "hold"), (10.0, 3.0, "hold"), (9.9, 0.1, "hold"), (7.0, 0.1, "hold")],
)
def test_a_rise_has_to_be_large_and_significant(loss: float, spread: float, vote: str) -> None:
    """25% above a reference loss of 8 is 10: it fires if the 95% CI is above the reference loss."""
    judged = PerformanceDrop(max_rise=0.25).risen(performance(loss, spread=spread), 0.25, name="mae")
    assert judged.vote == vote
    assert ("not significantly" in judged.reason) == (loss == 10.0 and vote == "hold")


def test_a_rule_names_what_was_set() -> None:
    """The key of past votes has the parameters of the YAML, those of inner sections too, and no defaults."""
    assert DriftShare().rule == "drift_share()"
    assert DriftShare(threshold=0.25, weighted=True).rule == "drift_share(threshold=0.25, weighted=True)"
    assert Cara(cost=Cost(retrain=0.5)).rule == "cara(cost=(retrain=0.5))"


def test_a_policy_declares_what_it_reads() -> None:
    """A class that judges without a declaration cannot be defined: events and backtests depend on it."""
    with pytest.raises(TypeError, match="Silent must declare what it reads"):

        class Silent(Trigger):
            """Forgets `declares`."""

            policy: Literal["silent"] = "silent"

            def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
                return self.not_applicable("never")


def test_drift_of_a_column_is_the_verdict_of_its_method() -> None:
    """The vote has score and limit of the column with that role."""
    judged = MaxAge(max_age_days=1).drifted("target", signals(drifted=1))
    assert (judged.vote, judged.observed, judged.threshold) == ("fire", 1.0, 0.5)
    assert "psi 1" in judged.reason


def test_a_rule_that_needs_a_training_is_not_applicable_to_a_model_elsewhere() -> None:
    """`training: none`: rules on probes or a backtest state why they do not vote, the others vote as ever."""
    elsewhere = signals().model_copy(update={"trains": False})
    vote = Cara(cost=Cost()).cast(elsewhere, History(), datetime(2026, 3, 1))
    assert vote.vote == "not_applicable"
    assert "training: none" in vote.reason
    rule = PerformanceDrop()
    now = datetime(2026, 3, 1)
    assert rule.cast(elsewhere, History(), now) == rule.cast(signals(), History(), now)
