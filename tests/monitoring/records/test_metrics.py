"""Records of metrics compare values in the direction of each metric."""

from __future__ import annotations

import math

import pytest

from driftloop.monitoring.records import Better, MetricValue


def value(better: Better, now: float, reference: float, spread: float) -> MetricValue:
    return MetricValue(
        metric="any", better=better, value=now, low=now - spread, high=now + spread, rows=900, reference=reference
    )


@pytest.mark.parametrize(
    ("better", "now", "reference", "decline"),
    [
        ("higher", 0.6, 0.8, 0.25),
        ("higher", 0.9, 0.8, -0.125),
        ("higher", -0.5, 0.5, 2.0),
        ("lower", 12.0, 10.0, 0.2),
        ("zero", -3.0, 2.0, 0.5),
        ("zero", 1.0, -2.0, -0.5),
        ("zero", 1.0, 0.0, math.inf),
        ("lower", 0.0, 0.0, 0.0),
    ],
)
def test_a_decline_is_a_share_of_the_reference(better: Better, now: float, reference: float, decline: float) -> None:
    """It is positive where the metric is worse, whatever its direction, and infinite where the reference is zero."""
    assert value(better, now, reference, 0.1).decline == pytest.approx(decline)


@pytest.mark.parametrize(
    ("better", "now", "reference", "spread", "significant"),
    [
        ("higher", 0.6, 0.8, 0.1, True),
        ("higher", 0.6, 0.8, 0.3, False),
        ("lower", 12.0, 10.0, 1.0, True),
        ("lower", 12.0, 10.0, 3.0, False),
        ("zero", -3.0, 1.0, 1.5, True),
        ("zero", -3.0, 1.0, 2.5, False),
        ("zero", 3.0, 1.0, 5.0, False),
    ],
)
def test_significant_is_the_whole_interval(
    better: Better, now: float, reference: float, spread: float, significant: bool
) -> None:
    """Only an interval of which every value is worse than the reference proves that the metric is."""
    assert value(better, now, reference, spread).significant is significant


def test_without_a_reference_nothing_is_compared() -> None:
    """A metric that is new to the champion, or that cannot be computed, has no decline."""
    new = MetricValue(metric="any", better="higher", value=0.7, low=0.6, high=0.8, rows=900)
    none = MetricValue(metric="any", better="higher", rows=900, reference=0.7, reason="one class")
    assert [(one.decline, one.significant) for one in (new, none)] == [(None, False)] * 2
