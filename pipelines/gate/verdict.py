"""Verdict of the gate on one evaluation. Pure."""

from __future__ import annotations

from driftloop.monitoring.records import Record
from driftloop.pipelines.gate.evaluation import Evaluation, Opponent
from driftloop.pipelines.gate.rule import Rule


class Verdict(Record):
    """The gate's answer. Losses are means over the same `rows`; lower is better.

    `difference` is the opponent's loss minus the challenger's (positive: the challenger is better), `low` and `high`
    its interval; they are null if nothing was compared. `champion_loss` is null when the opponent was
    the naive baseline, and `baseline_loss` when it was the champion.
    """

    passed: bool
    code: str
    reason: str
    opponent: Opponent
    champion_loss: float | None
    baseline_loss: float | None
    challenger_loss: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int


def judge(evaluation: Evaluation, gate: Rule) -> Verdict:
    """Judge an evaluation by a rule: the `Gate` of a config is the rule that all rules must agree.

    The challenger passes only if a rule proves it better than its opponent and none refuses it. A rule that has no
    answer proves nothing, and the opponent stays.
    """
    vote = gate.vote(evaluation)
    if vote is None:
        raise ValueError(f"{type(gate).__name__} compared nothing: a gate needs a rule that proves a challenger better")
    opponent = evaluation.opponent
    difference, low, high = vote.interval or (None, None, None)
    return Verdict(
        passed=vote.answer.passes,
        code=vote.answer.code,
        reason=vote.reason,
        opponent=opponent,
        champion_loss=evaluation.known_mean("champion"),
        baseline_loss=evaluation.known_mean("naive baseline") if opponent == "naive baseline" else None,
        challenger_loss=evaluation.known_mean("challenger"),
        difference=difference,
        low=low,
        high=high,
        rows=evaluation.rows,
    )
