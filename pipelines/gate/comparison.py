"""Comparison of a challenger with its opponent, row by row: the shared part of the rules that prove it better."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from driftloop.monitoring.settings.limits import Seed, Share
from driftloop.pipelines.gate.evaluation import Evaluation
from driftloop.pipelines.gate.interval import mean_difference
from driftloop.pipelines.gate.rule import Answer, Interval, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK, figure

BETTER = Answer("better", "the challenger is proven better than its opponent on the same rows", passes=True)
TIE = Answer("tie", "challenger and opponent have the same loss on every row, so the opponent stays", WEAK)


class Comparison(Rule):
    """The keys of a comparison."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(0.95, description="confidence of the two-sided interval")
    margin: Share = Field(0.0, description="minimum improvement, as a share of the champion's loss")
    resamples: int = Field(2000, ge=200, le=100_000, description="draws of the bootstrap")
    seed: Seed = Field(0, description="seed of the bootstrap")


def compare(evaluation: Evaluation, keys: Comparison, worse: Answer) -> Vote:
    """Answer `BETTER` if the challenger is proven better than its opponent, otherwise `TIE` or `worse`.

    It is better if the lower end of the two-sided interval of the mean difference is above `margin` times the
    opponent's mean loss: a challenger that is no better passes with a probability of about (1 - confidence) / 2. At
    the bound exactly, and at a tie, the opponent stays.
    """
    opponent = evaluation.opponent
    mean, bar = evaluation.mean("challenger"), evaluation.mean(opponent)
    against = f"{evaluation.loss_name} {figure(mean)} against {figure(bar)} {_on(evaluation)}"
    if evaluation.tied:
        return TIE.because(f"{against}: no different on a single row, the {opponent} stays", (0.0, 0.0, 0.0))
    interval = mean_difference(evaluation.differences, keys.confidence, keys.resamples, keys.seed)
    text = _format(interval, bar, keys.confidence)
    if interval[1] > keys.margin * bar:
        return BETTER.because(f"{against}: {text}", interval)
    margin = f" by more than {100 * keys.margin:.1f} %" if keys.margin else ""
    return worse.because(f"{against}: {text}; not proven better{margin}", interval)


def _format(interval: Interval, bar: float, confidence: float) -> str:
    """The difference and its interval as shares of the opponent's loss, or as they are where that is zero."""
    share = bar > 0
    mean, low, high = (100 * value / bar if share else value for value in interval)
    unit, show = (" %", lambda value: f"{value:.1f}") if share else ("", figure)
    side = f"{'better' if mean > 0 else 'worse'} by {show(abs(mean))}{unit}" if mean else "no different on average"
    ends = (low, high) if mean >= 0 else (-high, -low)
    return f"{side} ({100 * confidence:g} % interval {show(ends[0])} to {show(ends[1])}{unit})"


def _on(evaluation: Evaluation) -> str:
    if evaluation.opponent == "champion":
        return f"on {evaluation.rows:,} rows neither has seen"
    return f"of the naive baseline on {evaluation.rows:,} rows it has not seen"
