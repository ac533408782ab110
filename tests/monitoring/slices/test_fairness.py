"""Laws of fairness: rates of groups, a gap that pays for all pairs, and groups that are not compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.metrics import Pairs
from driftloop.monitoring.metrics.measuring import pairs_of
from driftloop.monitoring.records import FairnessGap, GroupRate
from driftloop.monitoring.settings.fairness import Fairness
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.fairness import decide, findings, measure
from driftloop.monitoring.slices.membership import Marked
from driftloop.monitoring.slices.parts import Slicing

SEX = Slice(column="sex")


def of(groups: np.ndarray, pairs: Pairs, task: Any = "binary", names: Any = None, **keys: Any) -> list[FairnessGap]:
    made = Slicing([SEX])
    made.add([Marked(groups.astype(np.int32), names or ("sex = f", "sex = m"))])
    return list(measure(Fairness(by=(SEX,), **keys), task, made, pairs, None))


def decisions(labels: np.ndarray, chosen: np.ndarray, score: Any = None) -> Pairs:
    """Labels and decisions of two classes, 1 is the second one."""
    return Pairs(labels.astype(np.int32), chosen.astype(float) if score is None else score, chosen, ("no", "yes"))


def alike(n: int, seed: int, bias: float = 0.0, groups: int = 2) -> tuple[np.ndarray, Pairs]:
    """Groups whose labels are missed with the same probability, or with more by `bias` in the first one."""
    rng = np.random.default_rng(seed)
    group, labels = rng.integers(0, groups, n), rng.random(n) < 0.4
    missed = rng.random(n) < np.where(group == 0, 0.2 + bias, 0.2)
    return group, decisions(labels, np.where(missed, ~labels, labels).astype(np.int32))


def test_the_rates_are_shares_of_their_own_rows() -> None:
    """Selection and error are shares of all rows, false negatives and positives of rows with that label."""
    labels, chosen = np.tile([1, 1, 1, 1, 0, 0], 100), np.tile([1, 1, 1, 0, 1, 0], 100)
    rates = ("selection", "error", "false_negative", "false_positive")
    found = of(np.arange(600) // 300, decisions(labels, chosen), rates=rates)
    values = {each.rate: [one.value for one in each.groups] for each in found}
    expected = {"selection": 4 / 6, "error": 2 / 6, "false_negative": 1 / 4, "false_positive": 1 / 2}
    assert values == {rate: pytest.approx([share, share]) for rate, share in expected.items()}
    assert [one.rows for one in found[2].groups] == [200, 200]
    assert {each.gap for each in found} == {0.0}


def test_a_threshold_decides_instead_of_the_loss() -> None:
    """`threshold` is the probability from which the second class is predicted, itself included."""
    score = np.tile([0.2, 0.3, 0.9], 100)
    pairs = decisions(np.ones(300), np.tile([0, 0, 1], 100).astype(np.int32), score)
    for threshold, share in ((None, 1 / 3), (0.3, 2 / 3), (0.31, 1 / 3)):
        (found,) = of(np.arange(300) // 150, pairs, rates=("selection",), threshold=threshold)
        assert [one.value for one in found.groups] == pytest.approx([share, share])


def test_a_gap_is_too_large_only_if_chance_does_not_explain_it() -> None:
    """Without a difference beyond the limit few checks alarm, also of many groups; a large one is found."""
    for groups, bias, most in ((2, 0.0, 0.0), (6, 0.0, 0.05), (2, 0.1, 0.05)):
        alarms = 0
        for seed in range(60):
            group, pairs = alike(1500, seed, bias, groups)
            names = tuple(f"sex = {at}" for at in range(groups))
            gaps = of(group, pairs, names=names, rates=("error",), max_gap=0.1)
            alarms += decide(gaps, 0.05)[0].exceeded
        assert alarms <= 60 * most + 2 * np.sqrt(60 * most), (groups, bias)
    group, pairs = alike(1500, 1, 0.4)
    (found,) = decide(of(group, pairs, rates=("error",), max_gap=0.1), 0.001)
    assert (found.exceeded, found.highest, found.lowest) == (True, "sex = f", "sex = m")
    assert found.low is not None
    assert 0.1 < found.low < 0.4 < (found.high or 0)
    assert findings([found])[0].code == "fairness_gap"
    assert "error by sex: gap 0.387 (95% CI 0.322 to 0.453, at most 0.1 allowed)" in findings([found])[0].message


def test_a_group_that_is_not_compared_has_a_reason() -> None:
    """Few rows, rows without a value and rare values together are no group; with one group left there is no gap."""
    group = np.repeat([0, 1, 2], [300, 49, 60])
    names = ("sex = f", "sex = m", "sex missing")
    labels = np.arange(409) % 2
    (found,) = of(group, decisions(labels, labels.astype(np.int32)), names=names, rates=("error",), max_gap=0.1)
    assert [one.value for one in found.groups] == [0.0, None, None]
    assert (found.gap, found.p_value) == (None, None)
    assert "49 rows, at least 50 needed (fairness.min_rows)" in str(found.groups[1].reason)
    assert "60 rows without a value" in str(found.groups[2].reason)
    assert found.sentence() == "error by sex: one group has enough labeled rows, two are needed"
    (small,) = findings([found])
    assert (small.code, small.observed) == ("group_not_compared", 2.0)
    rare = of(np.arange(6000) % 60, decisions(np.ones(6000), np.ones(6000, dtype=np.int32)),
              names=tuple(f"sex = {at}" for at in range(60)), rates=("error",))  # fmt: skip
    assert [one.group for one in rare[0].uncompared] == ["sex: other"]


def test_numbers_have_an_error_and_a_bias() -> None:
    """The mean absolute error and the mean of prediction minus label, in units of the target."""
    target = np.zeros(400)
    predicted = np.where(np.arange(400) < 200, 2.0, np.where(np.arange(400) % 2, 3.0, -3.0))
    found = of(np.arange(400) // 200, pairs_of(target, predicted, ()), task="regression", max_gap=1.5)
    assert {each.rate: round(each.gap or 0.0, 6) for each in found} == {"error": 1.0, "bias": 2.0}
    assert {each.rate: each.exceeded for each in decide(found, 0.01)} == {"error": False, "bias": True}


def test_no_labels_no_rates() -> None:
    """Without labeled rows nothing is measured."""
    nothing = np.empty(0)
    assert of(nothing, decisions(nothing, nothing.astype(np.int32))) == []


def width(group: GroupRate) -> float:
    assert group.low is not None
    assert group.high is not None
    return group.high - group.low


def test_weights_are_rows_that_are_repeated() -> None:
    """Rates under whole weights are those of repeated rows; a constant changes nothing, rows count by worth."""
    group, pairs = alike(2000, 3, bias=0.1)
    weights = np.random.default_rng(4).integers(1, 5, 2000).astype(float)
    rates: Any = {"rates": ("selection", "error", "false_negative"), "max_gap": 0.02}
    repeat = np.repeat(np.arange(2000), weights.astype(int))
    whole = of(group[repeat], decisions(pairs.target[repeat], pairs.decided[repeat]), **rates)
    weighed = of(group, replace(pairs, weights=weights), **rates)
    plain = of(group, pairs, **rates)
    for one, other, unweighted in zip(weighed, whole, plain, strict=True):
        assert [each.value for each in one.groups] == pytest.approx([each.value for each in other.groups])
        assert one.gap == pytest.approx(other.gap)
        # 2,000 rows are worth about 1,660.
        wide, narrow = (sum(width(each) for each in found.groups) for found in (one, unweighted))
        assert 1.0 < wide / narrow < 1.25
    assert of(group, replace(pairs, weights=np.full(2000, 7.0)), **rates) == plain
    one_row = np.where(np.arange(2000) == 0, 1e6, 1.0)
    (gap,) = of(group, replace(pairs, weights=one_row), rates=("error",))
    assert "of equal weight, at least 50 needed (fairness.min_rows)" in str(gap.uncompared[0].reason)


def test_false_alarms_under_weights_are_rare() -> None:
    """Equal groups differ significantly about as often as promised, also where weights and values go together."""
    alarms = 0
    for seed in range(200):
        group, pairs = alike(1500, seed)
        weights = np.random.default_rng(seed).lognormal(0, 0.8, 1500) * np.where(pairs.target == 1, 2.0, 1.0)
        (gap,) = of(group, replace(pairs, weights=weights), rates=("error",), max_gap=0.0)
        alarms += gap.p_value is not None and gap.p_value <= 0.05
    assert alarms <= 22, "5% of 200, and four standard deviations"
