"""Rule: on no slice is the challenger significantly worse than the champion."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from driftloop.monitoring.settings.limits import MOST_ROWS, Seed
from driftloop.monitoring.settings.section import Section
from driftloop.pipelines.gate.evaluation import Evaluation, SliceLosses
from driftloop.pipelines.gate.interval import mean_difference
from driftloop.pipelines.gate.rule import Answer, Interval, Rule, Vote
from driftloop.pipelines.gate.wording import WEAK, figure

SLICE_WORSE = Answer(
    "slice_worse",
    "on a slice of `slices` the challenger is significantly worse than the champion, by more than "
    "`gate.no_slice_worse.tolerance`",
    f"train on more rows of that slice, or raise the tolerance: {WEAK}",
)
FEWEST, MOST = 2_000, 50_000  # draws of the bootstrap
TAIL_DRAWS = 20  # draws beyond each end of an interval


class NoSliceWorseKeys(Section):
    """Limit of the rise of the loss on each slice, challenger against champion, on the same held-out rows."""

    tolerance: float = Field(
        0.0, ge=0, le=100, description="rise that is allowed on a slice, as a share of the champion's loss there"
    )
    min_rows: int = Field(
        50, ge=6, le=MOST_ROWS, description="minimum number of held-out rows of a slice; a smaller one is not compared"
    )
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="confidence of the two-sided intervals of all slices together"
    )
    seed: Seed = Field(0, description="seed of the bootstrap")


def _short(value: Any) -> Any:
    return {} if value is True else None if value is False else value


class NoSliceWorse(Rule):
    """A challenger that is better on average and worse for one part of the rows does not pass."""

    answers: ClassVar[tuple[Answer, ...]] = (SLICE_WORSE,)
    no_slice_worse: Annotated[
        NoSliceWorseKeys | None, BeforeValidator(_short, json_schema_input_type=bool | NoSliceWorseKeys)
    ] = Field(
        None,
        description="`true`, or limits: reject a challenger that is significantly worse than the champion on a slice; "
        "see `gate.no_slice_worse`",
    )

    def vote(self, evaluation: Evaluation) -> Vote | None:
        """Refuse a challenger whose interval on a slice is above the tolerance as a whole.

        The slices are one family (Bonferroni): a challenger that is within the tolerance on every slice is refused
        with a probability of at most about (1 - confidence) / 2. At the tolerance exactly it is not refused.
        """
        keys = self.no_slice_worse
        if keys is None or evaluation.opponent != "champion":
            return None
        judged = [each for each in evaluation.slices if len(each.champion) >= keys.min_rows]
        found = [(each, _rise(each, keys, len(judged))) for each in judged]
        worse = [(each, rise) for each, rise in found if rise[1] > 0]
        if not worse:
            return None
        first, rise = max(worse, key=lambda pair: _share(pair[0], pair[1][0]))
        more = f"; so is {len(worse) - 1:,} more" if len(worse) == 2 else f"; so are {len(worse) - 1:,} more"
        return SLICE_WORSE.because(_sentence(first, rise, keys, evaluation, len(judged)) + more * (len(worse) > 1))


def _rise(each: SliceLosses, keys: NoSliceWorseKeys, family: int) -> Interval:
    """Return by how much the challenger loses more than is allowed, row by row: the mean and its interval."""
    tail = (1 - keys.confidence) / 2 / family
    draws = min(max(ceil(TAIL_DRAWS / tail), FEWEST), MOST)
    over = each.challenger - (1 + keys.tolerance) * each.champion
    return mean_difference(over, 1 - 2 * tail, draws, keys.seed)


def _share(each: SliceLosses, over: float) -> float:
    loss = float(each.champion.mean())
    return over / loss if loss > 0 else float("inf")


def _sentence(each: SliceLosses, over: Interval, keys: NoSliceWorseKeys, evaluation: Evaluation, judged: int) -> str:
    own, loss = float(each.challenger.mean()), float(each.champion.mean())
    allowed = keys.tolerance * loss
    mean, low, high = (value + allowed for value in over)
    show = (lambda value: f"{100 * value / loss:.1f}%") if loss > 0 else figure
    text = f"worse on the slice {each.name}: challenger {evaluation.loss_name} {figure(own)}, champion {figure(loss)}"
    text += f" ({len(each.champion):,} held-out rows): {show(mean)} worse ({100 * keys.confidence:g}% CI over "
    text += f"{judged:,} slices {show(low)} to {show(high)}), "
    return text + f"at most {100 * keys.tolerance:g}% is allowed (gate.no_slice_worse)"
