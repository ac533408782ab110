"""The limit on prediction time: relative to the champion, off by default, decided at the limit."""

from __future__ import annotations

import pytest

from driftloop.pipelines.gate import Gate, judge
from tests.pipelines.gate.examples import clear


@pytest.mark.parametrize(("own", "passed"), [(0.008, True), (0.016, True), (0.01601, False)])
def test_the_limit_is_a_multiple_of_the_champions_time(own: float, passed: bool) -> None:
    """At k times the champion's time exactly the challenger passes, above it it does not."""
    verdict = judge(clear(seconds={"challenger": own, "champion": 0.008}), Gate(max_latency=2.0))
    assert verdict.passed is passed
    if not passed:
        assert verdict.reason == (
            "time to predict 1,000 rows: challenger 16 ms, champion 8 ms: "
            "more than 2 times the champion's (gate.max_latency)"
        )


def test_a_first_model_has_nothing_to_be_compared_with() -> None:
    """Without a champion no time is measured, and the rule does not apply."""
    assert judge(clear(first=True), Gate(max_latency=2.0)).passed


def test_a_time_that_was_not_measured_is_a_mistake() -> None:
    """A limit without a measured time never passes in silence."""
    with pytest.raises(KeyError, match="challenger"):
        judge(clear(), Gate(max_latency=2.0))
