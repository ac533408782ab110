"""The trigger on drift that is larger than usual."""

from __future__ import annotations

import pytest

from driftloop.monitoring.policies import AutoQuantile
from driftloop.monitoring.records import History
from tests.signals import NOW, past, signals


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


def test_the_mean_score_is_compared_with_the_quantile() -> None:
    """Three of four features at 1 are a mean of 0.75; the median of 0.1, 0.5 and 0.7 is the threshold of the vote."""
    distances = (0.1, 0.7, 0.5)
    checks = past(8.0, 8.0, 8.0).checks
    history = History(
        checks=tuple(one.model_copy(update={"distance": far}) for one, far in zip(checks, distances, strict=True))
    )
    judged = AutoQuantile(quantile=0.5, warm_up=3).judge(signals(drifted=3), history, NOW)
    assert (judged.vote, judged.observed, judged.threshold) == ("fire", 0.75, 0.5)


def test_checks_without_scores_do_not_warm_up() -> None:
    """Only checks with a distance count, and without a scored feature now nothing is judged."""
    history = past(8.0, 8.0, 8.0)
    bare = History(checks=tuple(check.model_copy(update={"distance": None}) for check in history.checks))
    trigger = AutoQuantile(warm_up=3)
    assert trigger.judge(signals(drifted=4), bare, NOW).vote == "not_applicable"
    assert trigger.judge(signals().model_copy(update={"scores": ()}), history, NOW).vote == "not_applicable"


def test_old_checks_are_outside_the_window() -> None:
    """Of ten checks the last three are usual: a high distance before them is forgotten."""
    checks = past(*[8.0] * 10).checks
    far = tuple(check.model_copy(update={"distance": 1.0 if place < 7 else 0.1}) for place, check in enumerate(checks))
    judged = AutoQuantile(warm_up=2, window=3).judge(signals(drifted=2), History(checks=far), NOW)
    assert (judged.vote, judged.threshold) == ("fire", pytest.approx(0.1))
