"""The gate and gaps between groups."""

from __future__ import annotations

import pytest

from driftloop.monitoring.records import changed
from driftloop.pipelines.gate import Gate, judge
from tests.pipelines.gate.examples import clear, gap


def test_the_reason_names_both_groups_and_the_limit() -> None:
    """The rate, the groups with their values, the gap with its interval and the limit are in the reason."""
    verdict = judge(clear(fairness=(gap(0.001),)), Gate())
    assert (verdict.code, verdict.passed) == ("unfair", False)
    assert verdict.reason == (
        "error by sex: gap 0.19 (95% CI 0.12 to 0.26, at most 0.1 allowed): sex = f 0.31, sex = m 0.12 "
        "(1,000 held-out rows)"
    )


@pytest.mark.parametrize(("p_values", "passed"), [((0.05,), False), ((0.051,), True), ((0.03, 0.9), True)])
def test_all_gaps_are_a_family(p_values: tuple[float, ...], passed: bool) -> None:
    """The level of 5% is shared by the gaps that were tested; at the level exactly a challenger is refused."""
    assert judge(clear(fairness=tuple(map(gap, p_values))), Gate()).passed == passed


def test_it_can_be_switched_off_and_needs_a_limit() -> None:
    """With `fairness: false`, or without `max_gap`, a gap is no refusal."""
    assert judge(clear(fairness=(gap(0.0),)), Gate(fairness=False)).passed
    assert judge(clear(fairness=(changed(gap(0.0), p_value=None, max_gap=None),)), Gate()).passed
