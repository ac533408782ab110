"""The rules that a comparison tries where none is named."""

from __future__ import annotations

from driftloop.monitoring.policies import Always, Never
from driftloop.monitoring.records import DRIFT
from driftloop.pipelines.backtest.grid import ANCHORS, GRID, usual


def test_the_anchors_come_first() -> None:
    """Never and always frame every comparison."""
    rules = usual(with_drift=True)
    assert (type(rules[0]), type(rules[1])) == (Never, Always)
    assert len(rules) == len(ANCHORS) + len(GRID)


def test_without_scores_no_rule_looks_at_drift() -> None:
    """A rule that reads drift would hold at each batch, and look like `never`."""
    without = usual(with_drift=False)
    assert not any(rule.reads & DRIFT for rule in without)
    left_out = {rule.rule for rule in usual(with_drift=True)} - {rule.rule for rule in without}
    assert {rule.partition("(")[0] for rule in left_out} == {"drift_share", "auto_quantile", "target_drift"}


def test_no_rule_is_there_twice() -> None:
    """Each is named by its parameters, and names are the keys of a comparison."""
    rules = [rule.rule for rule in usual(with_drift=True)]
    assert len(set(rules)) == len(rules)
