"""The trigger on small rises of the loss that add up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.policies import LossCusum
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, signals


def test_cusum_adds_up_what_one_check_would_not_show() -> None:
    """A lasting small rise fires although each check alone holds, and one high check does not."""
    trigger = LossCusum(threshold=4, warm_up=3)
    lasting = past(8.0, 8.2, 8.0, 8.2, 8.3, 8.5, 8.3, 8.5)
    assert trigger.judge(signals(loss=8.5), lasting, NOW).vote == "fire"
    assert trigger.judge(signals(loss=8.5), past(8.0, 8.2, 8.0, 8.2, 8.0, 8.2, 8.0), NOW).vote == "hold"


def test_cusum_warms_up_first() -> None:
    """Fewer losses than the warm-up give no deviation to measure by."""
    assert LossCusum(warm_up=3).judge(signals(loss=99.0), past(8.0, 8.1), NOW).vote == "not_applicable"


def test_cusum_starts_again_with_each_training() -> None:
    """What had added up before the last retrain is forgotten, whatever the retrain's end."""
    high = past(8.0, 9.0, 9.5, 9.6)
    assert LossCusum().judge(signals(loss=8.0), high, NOW).vote == "fire"
    after = History(checks=high.checks, retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=False),))
    assert LossCusum().judge(signals(loss=8.0), after, NOW).vote == "hold"


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_a_loss_that_is_not_finite_is_not_added(bad: float) -> None:
    """One infinite loss, now or before, and the sum is not judged."""
    usual = (8.0, 8.1, 8.0, 8.1)
    assert LossCusum().judge(signals(loss=8.0), past(*usual[:2], bad, *usual[2:]), NOW).vote == "not_applicable"
    assert LossCusum().judge(signals(loss=None), past(*usual), NOW).vote == "not_applicable"
