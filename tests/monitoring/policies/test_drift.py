"""The triggers on the distribution of columns."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import AutoQuantile, DriftShare, PredictionDrift, TargetDrift
from driftloop.monitoring.records import History
from tests.seen import NOW, past, signals


def test_importance_weighs_the_features() -> None:
    """Drift of a feature counts by its importance: one of four that carries the model is enough, another is not."""
    seen = signals(drifted=1)
    weighted = DriftShare(threshold=0.5, weighted=True)
    for weights, share in (({"c0": 3.0, "c1": 1.0}, 0.75), ({"c1": 3.0}, 0.0), ({"c0": 1.0, "c1": -5.0}, 1.0)):
        vote = weighted.judge(seen.model_copy(update={"importance": weights}), History(), NOW)
        assert vote.observed == pytest.approx(share)


def test_asked_for_importance_that_is_not_there_is_no_reason() -> None:
    """Without importances, or with none for what was scored, a weighted share cannot be told."""
    weighted = DriftShare(threshold=0.5, weighted=True)
    for weights in (None, {}, {"other": 1.0}, {"c0": 0.0}):
        seen = signals(drifted=4).model_copy(update={"importance": weights})
        assert weighted.judge(seen, History(), NOW).vote == "not_applicable"


def test_each_role_is_judged_by_its_own_column() -> None:
    """Drifted features move neither the prediction's nor the target's trigger, and a lost column is no verdict."""
    seen = signals(drifted=4)
    features = tuple(score for score in seen.scores if score.role == "feature")
    for trigger in (PredictionDrift(), TargetDrift()):
        assert trigger.judge(seen, History(), NOW).vote == "fire"
        without = seen.model_copy(update={"scores": features})
        assert trigger.judge(without, History(), NOW).vote == "not_applicable"


def test_auto_quantile_warms_up_first() -> None:
    """However large the score, with fewer past checks than the warm-up there is no verdict."""
    trigger = AutoQuantile(warm_up=3)
    assert trigger.judge(signals(drifted=4), past(8.0, 8.0), NOW).vote == "not_applicable"
    assert trigger.judge(signals(drifted=4), past(8.0, 8.0, 8.0), NOW).vote == "fire"


def test_auto_quantile_holds_at_its_quantile() -> None:
    """A score that is as it always was holds, and what is usual is what the last checks were."""
    trigger = AutoQuantile(warm_up=3, window=3)
    assert trigger.judge(signals(drifted=0), past(8.0, 8.0, 8.0), NOW).vote == "hold"
    assert trigger.judge(signals(drifted=1), past(*[8.0] * 9, distance=0.5), NOW).vote == "hold"
