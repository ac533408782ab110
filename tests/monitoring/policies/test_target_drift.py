"""The trigger on the distribution of the labels."""

from __future__ import annotations

from driftloop.monitoring.policies import PredictionDrift, TargetDrift
from driftloop.monitoring.records import History
from tests.signals import NOW, signals


def test_each_role_is_judged_by_its_own_column() -> None:
    """Drifted features move neither the prediction's nor the target's trigger, and a lost column is no verdict."""
    observed = signals(drifted=4)
    features = tuple(score for score in observed.scores if score.role == "feature")
    for trigger in (PredictionDrift(), TargetDrift()):
        assert trigger.judge(observed, History(), NOW).vote == "fire"
        without = observed.model_copy(update={"scores": features})
        assert trigger.judge(without, History(), NOW).vote == "not_applicable"


def test_the_target_is_judged_by_its_own_score() -> None:
    """Its verdict is that of the drift method on the labels, with score and limit in the vote."""
    drifted, still = (TargetDrift().judge(signals(drifted=count), History(), NOW) for count in (1, 0))
    assert (drifted.vote, drifted.observed, drifted.threshold) == ("fire", 1.0, 0.5)
    assert (still.vote, still.observed) == ("hold", 0.0)
    assert "the target did not drift" in still.reason
