"""The trigger on the distribution of the predictions."""

from __future__ import annotations

from driftloop.monitoring.policies import PredictionDrift
from driftloop.monitoring.records import History
from tests.signals import NOW, score, signals


def test_the_prediction_is_judged_by_its_own_score() -> None:
    """Its verdict is that of the drift method on the predictions; drifted features alone do not move it."""
    values = signals(drifted=4)
    judged = PredictionDrift().judge(values, History(), NOW)
    assert (judged.vote, judged.observed, judged.threshold) == ("fire", 1.0, 0.5)
    still = tuple(
        score("prediction", "prediction", False) if one.role == "prediction" else one for one in values.scores
    )
    assert PredictionDrift().judge(values.model_copy(update={"scores": still}), History(), NOW).vote == "hold"


def test_a_prediction_without_a_score_is_no_verdict() -> None:
    """Where the predictions were not scored the trigger cannot judge, and reports it."""
    features = tuple(one for one in signals(drifted=4).scores if one.role == "feature")
    judged = PredictionDrift().judge(signals().model_copy(update={"scores": features}), History(), NOW)
    assert judged.vote == "not_applicable"
    assert "the prediction has no drift score" in judged.reason
