"""Promotion test of a challenger. One rule per file; `Gate` lists them.

A rule's fields are its keys in the config's section `gate`. To add a rule: a file with a `Rule`, its name among the
bases of `Gate`, and an example of each of its answers in tests/pipelines/gate/examples.py.
"""

from __future__ import annotations

from typing import ClassVar, cast

from driftloop.pipelines.gate.beats_baseline import BeatsBaseline
from driftloop.pipelines.gate.beats_champion import BeatsChampion
from driftloop.pipelines.gate.enough_per_class import EnoughPerClass
from driftloop.pipelines.gate.enough_rows import EnoughRows
from driftloop.pipelines.gate.evaluation import TIMED_ROWS, Evaluation, Model, Opponent, SliceLosses
from driftloop.pipelines.gate.fairness import FairGroups
from driftloop.pipelines.gate.finite import Finite
from driftloop.pipelines.gate.interval import block_length, mean_difference
from driftloop.pipelines.gate.leak import Leak
from driftloop.pipelines.gate.max_latency import MaxLatency
from driftloop.pipelines.gate.max_loss import MaxLoss
from driftloop.pipelines.gate.metric_floor import MetricFloor
from driftloop.pipelines.gate.no_slice_worse import NoSliceWorse, NoSliceWorseKeys
from driftloop.pipelines.gate.rule import Answer, Rule, Vote
from driftloop.pipelines.gate.verdict import Verdict, judge
from driftloop.pipelines.gate.wording import figure


class Gate(
    Leak,
    EnoughRows,
    EnoughPerClass,
    Finite,
    MaxLoss,
    MetricFloor,
    MaxLatency,
    NoSliceWorse,
    FairGroups,
    BeatsBaseline,
    BeatsChampion,
):
    """Promotion test of a challenger."""

    answers: ClassVar[tuple[Answer, ...]] = ()

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Return the first refusal, in the order of the rules; without one, the answer that passes the challenger."""
        passed = None
        for rule in RULES:
            vote = rule.vote(self, evaluation)
            if vote is not None and vote.answer not in rule.answers:
                raise ValueError(f"{rule.__name__} does not declare its answer {vote.answer.code!r}")
            if vote is not None and not vote.answer.passes:
                return vote
            passed = vote or passed
        return passed


RULES = cast("tuple[type[Rule], ...]", Gate.__bases__)
Gate.answers = tuple(dict.fromkeys(answer for rule in RULES for answer in rule.answers))
# What to try, by the code of a refusal.
REMEDIES = {answer.code: answer.remedy for answer in Gate.answers if not answer.passes}

__all__ = [
    "REMEDIES",
    "RULES",
    "TIMED_ROWS",
    "Answer",
    "Evaluation",
    "Gate",
    "Model",
    "NoSliceWorseKeys",
    "Opponent",
    "Rule",
    "SliceLosses",
    "Verdict",
    "Vote",
    "block_length",
    "figure",
    "judge",
    "mean_difference",
]
