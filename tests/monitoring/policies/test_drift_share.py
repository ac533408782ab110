"""The trigger on the share of drifted features."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import DriftShare
from driftloop.monitoring.records import History
from tests.signals import NOW, signals


def test_importance_weighs_the_features() -> None:
    """Drift of a feature counts by its importance: one of four that carries the model is enough, another is not."""
    values = signals(drifted=1)
    weighted = DriftShare(threshold=0.5, weighted=True)
    for weights, share in (({"c0": 3.0, "c1": 1.0}, 0.75), ({"c1": 3.0}, 0.0), ({"c0": 1.0, "c1": -5.0}, 1.0)):
        vote = weighted.judge(values.model_copy(update={"importance": weights}), History(), NOW)
        assert vote.observed == pytest.approx(share)


def test_asked_for_importance_that_is_not_there_is_no_reason() -> None:
    """Without importances, or with none for what was scored, a weighted share cannot be reported."""
    weighted = DriftShare(threshold=0.5, weighted=True)
    for weights in (None, {}, {"other": 1.0}, {"c0": 0.0}):
        observed = signals(drifted=4).model_copy(update={"importance": weights})
        assert weighted.judge(observed, History(), NOW).vote == "not_applicable"


def test_the_share_is_of_the_features_alone() -> None:
    """Two of four features are half, whatever prediction and target did; the reason has count, share and limit."""
    for threshold, vote in ((0.5, "fire"), (0.51, "hold")):
        judged = DriftShare(threshold=threshold).judge(signals(drifted=2), History(), NOW)
        assert (judged.vote, judged.observed, judged.threshold) == (vote, 0.5, threshold)
    assert "2 of 4 features drifted (50%, limit 51%)" in judged.reason


def test_without_scored_features_nothing_is_judged() -> None:
    """A check that scored no feature cannot have drifted, even if prediction and target did."""
    observed = signals(drifted=4)
    others = tuple(score for score in observed.scores if score.role != "feature")
    judged = DriftShare().judge(observed.model_copy(update={"scores": others}), History(), NOW)
    assert judged.vote == "not_applicable"


def test_only_a_weighted_share_reads_importance() -> None:
    """A probe of what a policy reads finds importance where `weighted` is set, and nowhere else."""
    assert DriftShare().reads == {"drift"}
    assert DriftShare(weighted=True).reads == {"drift", "importance"}
