"""The limits on metrics of the challenger, in the direction of each metric."""

from __future__ import annotations

import pytest

from driftloop.monitoring.records import Better
from driftloop.pipelines.gate import Gate, judge
from tests.pipelines.gate.examples import clear, metric


@pytest.mark.parametrize(
    ("better", "limit", "inside", "outside"),
    [("higher", 0.7, 0.7, 0.6999), ("lower", 12.0, 12.0, 12.001), ("zero", 2.0, -2.0, 2.001)],
)
def test_the_limit_itself_is_allowed(better: Better, limit: float, inside: float, outside: float) -> None:
    """A floor where higher is better, a ceiling where lower is, and a distance from zero for a bias."""
    gate = Gate(metric_floor={"any": limit})
    assert judge(clear(metrics={"any": metric(inside, better)}), gate).passed
    refused = judge(clear(metrics={"any": metric(outside, better)}), gate)
    assert (refused.passed, refused.code) == (False, "below_metric_floor")
    assert f"{'at least' if better == 'higher' else 'at most'} {limit:g} is required" in refused.reason


def test_what_cannot_be_computed_does_not_pass() -> None:
    """Without a value there is no proof, and the reason is that of the metric."""
    refused = judge(clear(metrics={"any": metric(None)}), Gate(metric_floor={"any": 0.1}))
    assert refused.code == "below_metric_floor"
    assert "all 40 labels are 'no'" in refused.reason
    assert judge(clear(), Gate(metric_floor={"any": 0.1})).reason.endswith("it was not measured")


def test_a_section_is_the_name() -> None:
    """The keys are names with their parameters."""
    assert Gate(metric_floor={"precision(0.3)": 0.5}).metric_floor == {"precision(0.3)": 0.5}
