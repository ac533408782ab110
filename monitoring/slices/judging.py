"""Loss of each slice against the champion's loss there at training. All slices of a check are one family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import degrees, mean_interval, standard_error
from driftloop.monitoring.records import Finding, FindingCode, SliceReference, SliceScore, changed
from driftloop.monitoring.records.measures import LEAST_RISE
from driftloop.monitoring.records.slices import LEAST_ROWS
from driftloop.monitoring.slices.parts import Part, Slicing

Floats = NDArray[np.float64]

SLICE_EMPTY = FindingCode(
    name="slice_empty",
    severities=("warning",),
    meaning="a slice of the config has no labeled row in this window",
    cause="the condition or the bin holds for no row, or the rows of that part are no longer delivered",
    remedy="compare the condition with the values of its columns, or remove the slice",
)
SLICE_NOT_READ = FindingCode(
    name="slice_not_read",
    severities=("warning",),
    meaning="a slice reads a column that the champion was not trained with, so it is not measured",
    cause="the column was added to the config after the champion was trained",
    remedy="`driftloop retrain`; the slice is measured once a model with that column is promoted",
)
SLICE_LEVELS = FindingCode(
    name="slice_levels",
    severities=("info",),
    meaning="a column has more values than slices: the 50 most frequent are slices, the rest is one slice",
    cause="a column with many values under `slices`",
    remedy="nothing, or group the values in a derived column",
)


@dataclass(frozen=True)
class Sliced:
    """The slices of a check, and what was found about them."""

    scores: tuple[SliceScore, ...] = ()
    findings: tuple[Finding, ...] = ()


def remember(slicing: Slicing, lost: Floats, target: NDArray[Any], loss: Loss) -> tuple[SliceReference, ...]:
    """Return the loss of each slice of held-out rows in order of time, for the reference of a version.

    `lost` are the losses of the rows, shape (n,), as `Loss.rows` returns them.
    """
    made = []
    for part in slicing.parts(None):
        if len(part.places):
            values = own(lost, target, part, loss)
            error = standard_error(values)
            made.append(
                SliceReference(name=part.name, rule=part.rule, rows=len(values), loss=float(values.mean()), error=error)
            )
    return tuple(made)


def judge(
    slicing: Slicing,
    lost: Floats,
    target: NDArray[Any],
    order: NDArray[np.intp] | None,
    loss: Loss,
    before: Sequence[SliceReference],
    rate: float,
) -> Sliced:
    """Return the loss of each slice, and whether it is worse than at training.

    `lost` and `target` are of the labeled rows as they were added, `order` are their places by time. The probability
    that chance makes any slice worse is at most `rate` (Holm 1979), and a rise below 5% of the reference is negligible.
    """
    known = {(each.rule, each.name): each for each in before}
    scores, findings = [], list(_empty(slicing, len(lost)))
    lost, target = (lost, target) if order is None else (lost[order], target[order] if len(target) else target)
    for part in slicing.parts(order, before):
        if part.merged:
            kept = f"of its values {part.merged:,} are one slice, {part.name!r}; the others are slices of their own"
            findings.append(SLICE_LEVELS.found(f"{part.rule}: {kept}", observed=float(part.merged)))
        if len(part.places):
            scores.append(_score(part, own(lost, target, part, loss), known.get((part.rule, part.name))))
    return Sliced(decide(scores, rate), tuple(findings))


def not_read(lost: Mapping[str, str]) -> tuple[Finding, ...]:
    """Report slices that read a column which the champion's rows do not have: titles with that column."""
    return tuple(
        SLICE_NOT_READ.found(f"the slice {title!r} reads {name!r}, which the champion was not trained with")
        for title, name in lost.items()
    )


def decide(scores: Iterable[SliceScore], rate: float) -> tuple[SliceScore, ...]:
    """Return the scores with `worse` where the rise is significant in the family of all judged slices.

    Holm's method (1979): p values from the smallest on, each against `rate` divided by the number of those not smaller,
    until one is above. It holds under any dependence: slices may overlap.
    """
    scores = list(scores)
    judged = sorted((each for each in scores if each.p_value is not None), key=lambda each: each.p_value or 0.0)
    worse = set()
    for place, each in enumerate(judged):
        assert each.p_value is not None
        if each.p_value > rate / (len(judged) - place):
            break
        if (each.rise or 0.0) >= LEAST_RISE:
            worse.add((each.rule, each.name))
    return tuple(changed(each, standing="worse") if (each.rule, each.name) in worse else each for each in scores)


def own(lost: Floats, target: NDArray[Any], part: Part, loss: Loss) -> Floats:
    """Return values of the rows of a slice whose mean is the loss there; `lost` and `target` are of all rows."""
    values = lost[part.places]
    return loss.whole(values, target[part.places]) if loss.relative else values


def _score(part: Part, lost: Floats, before: SliceReference | None) -> SliceScore:
    mean, low, high = mean_interval(lost)
    score = SliceScore(
        name=part.name,
        rule=part.rule,
        rows=len(lost),
        loss=mean,
        low=max(low, 0.0),
        high=high,
        reference_loss=before.loss if before else None,
        reference_rows=before.rows if before else None,
        standing="no_reference",
    )
    if len(lost) < LEAST_ROWS:
        return changed(score, standing="too_few_rows")
    if before is None or before.rows < LEAST_ROWS:
        return score
    p_value = _p_value(mean, standard_error(lost), len(lost), before)
    return score if p_value is None else changed(score, standing="well", p_value=p_value)


def _p_value(mean: float, error: float, rows: int, before: SliceReference) -> float | None:
    """Return the probability of such a rise by chance, one-sided; None where a loss or its error is not finite.

    Student's t of the difference of two means, with the fewer degrees of freedom of the two. Losses are skewed: where
    the mean at training is low by chance, so is its standard error, and Welch's t finds twice as many rises as it
    should. If nothing changed, the error at training is that of today's rows, scaled to their number; the larger of the
    two counts.
    """
    from scipy.stats import t

    rise = mean - before.loss
    then = min(before.loss / mean, 1.0) * error * math.sqrt(rows / before.rows) if 0 < mean < math.inf else 0.0
    both = math.hypot(error, max(before.error, then))
    if math.isinf(mean) and math.isfinite(before.loss):
        return 0.0
    if not (math.isfinite(rise) and math.isfinite(both)):
        return None
    if both == 0:
        return 0.0 if rise > 0 else 1.0
    freedom = min(degrees(rows), degrees(before.rows))
    return float(t.sf(rise / both, freedom))


def _empty(slicing: Slicing, rows: int) -> Iterable[Finding]:
    """Report conditions and bins between two bounds without a row, unless there are no labeled rows at all."""
    for each, pieces, known in zip(slicing.slices, slicing.codes, slicing.known, strict=True):
        if not rows or (each.where is None and not each.bins):
            continue
        counts = np.bincount(np.concatenate(pieces) + 1, minlength=len(known) + 1)[1:]
        names = list(known)[1 : len(each.bins)] if each.bins else list(known)
        inner = [name for name in names if not counts[known[name]]]
        for name in inner:
            yield SLICE_EMPTY.found(f"the slice {name!r} has none of {rows:,} labeled rows ({each.rule})", observed=0.0)
