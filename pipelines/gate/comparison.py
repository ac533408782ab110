"""Comparison of a challenger with its opponent, row by row: the shared part of the rules that let it pass."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from driftloop.monitoring.settings.limits import Seed, Share
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.interval import mean_difference
from driftloop.pipelines.gate.rule import Answer, Interval, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK, figure

BETTER = Answer("better", "the challenger is significantly better than its opponent on the same rows", passes=True)
TIE = Answer("tie", "challenger and opponent have the same loss on every row, so the opponent stays", WEAK)


class Comparison(Rule):
    """The keys of a comparison."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(0.95, description="confidence of the two-sided interval")
    margin: Share = Field(0.0, description="minimum improvement, as a share of the champion's loss")
    resamples: int = Field(2000, ge=200, le=100_000, description="draws of the bootstrap")
    seed: Seed = Field(0, description="seed of the bootstrap")


def compare(evaluation: Evaluation, keys: Comparison, worse: Answer) -> Vote:
    """Answer `BETTER` if the challenger is significantly better than its opponent, otherwise `TIE` or `worse`.

    It is better if the lower end of the two-sided interval of the mean difference is above `margin` times the
    opponent's mean loss: a challenger that is no better passes with a probability of about (1 - confidence) / 2. At
    the bound exactly, and at a tie, the opponent stays.
    """
    opponent = evaluation.opponent
    loss, opponent_loss = evaluation.mean("challenger"), evaluation.mean(opponent)
    losses = f"challenger {evaluation.loss_name} {figure(loss)}, {opponent} {figure(opponent_loss)}"
    text = f"{losses} ({evaluation.rows:,} held-out rows)"
    if evaluation.tied:
        return TIE.because(f"{text}: the same loss on every row, so the {opponent} stays", (0.0, 0.0, 0.0))
    interval = mean_difference(evaluation.differences, keys.confidence, keys.resamples, keys.seed)
    text += f": {_format(interval, opponent_loss, keys.confidence)}"
    if interval[1] > keys.margin * opponent_loss:
        return BETTER.because(text, interval)
    margin = f" by more than {100 * keys.margin:.1f}%" if keys.margin else ""
    return worse.because(f"{text}; not significantly better{margin}, so the {opponent} stays", interval)


def _format(interval: Interval, opponent_loss: float, confidence: float) -> str:
    """Format the difference and its interval as shares of the opponent's loss, or absolute where that is zero."""
    share = opponent_loss > 0
    mean, low, high = (100 * value / opponent_loss if share else value for value in interval)
    show = (lambda value: f"{value:.1f}%") if share else figure
    side = f"{show(abs(mean))} {'better' if mean > 0 else 'worse'}" if mean else "no different on average"
    ends = (low, high) if mean >= 0 else (-high, -low)
    return f"{side} ({100 * confidence:g}% CI {show(ends[0])} to {show(ends[1])})"
