"""Loss and metrics of each slice against the champion's there at training. All that a check tests is one family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import degrees, mean_interval, standard_error
from driftloop.monitoring.metrics import Metric, Pairs
from driftloop.monitoring.metrics.measuring import measure
from driftloop.monitoring.records import (
    Finding,
    FindingCode,
    FoundSlice,
    MetricValue,
    SliceReference,
    SliceScore,
    changed,
)
from driftloop.monitoring.records.measures import LEAST_RISE
from driftloop.monitoring.records.slices import LEAST_ROWS, relative_rise
from driftloop.monitoring.rows.weights import effective_rows, scaled
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
    meaning="a slice reads a column that is not among the rows, so it is not measured",
    cause="a feature was added to the config after the champion was trained, or the source lost a column of "
    "`columns.extra`",
    remedy="`driftloop retrain`: the slice is measured once a model with that feature is promoted; or restore the "
    "column",
)
SLICE_DISCOVERED = FindingCode(
    name="slice_discovered",
    severities=("warning",),
    meaning="on rows of a condition that is not configured, the champion loses significantly more than on other rows",
    cause="a part of the rows that is harder, new, or changed; a tree found it on one half of the labeled rows, and it "
    "was tested on the other half",
    remedy="put the condition under `slices` and retrain: from then on its loss is compared with that at training",
)
SLICES_NOT_SEARCHED = FindingCode(
    name="slices_not_searched",
    severities=("warning",),
    meaning="`{discover: true}` could not search for slices in this window; everything else was judged",
    cause="labeled rows in a form that the search cannot read, too little memory, or an error of driftloop",
    remedy="nothing at first: the next window is searched again; if it stays, remove `{discover: true}` and report the "
    "reason as a bug",
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


@dataclass(frozen=True)
class Measured:
    """Labeled rows in order of time: losses as `Loss.rows` returns them, and labels, shape (n,); with their metrics.

    `target` may be empty unless the loss is relative. Under `weights`, shape (n,), rows are counted by their effective
    number.
    """

    lost: Floats
    target: NDArray[Any]
    loss: Loss
    pairs: Pairs | None = None
    metrics: tuple[Metric, ...] = ()
    weights: Floats | None = None

    def values(self, part: Part) -> tuple[Floats, int]:
        """Return values of the rows of a slice whose mean is the loss there, and the effective number of its rows."""
        return own(self.lost, self.target, part, self.loss, self.weights)

    def metrics_of(self, part: Part, reference: Mapping[str, float]) -> tuple[MetricValue, ...]:
        """Return the metrics on the rows of a slice, without intervals."""
        if self.pairs is None or not self.metrics:
            return ()
        return measure(self.metrics, self.pairs.part(part.places), reference, intervals=False)


def remember(slicing: Slicing, rows: Measured) -> tuple[SliceReference, ...]:
    """Return loss and metrics of each slice of held-out rows, for the reference of a version."""
    made = []
    for part in slicing.parts(None):
        if len(part.places):
            values, worth = rows.values(part)
            metrics = {one.metric: one.value for one in rows.metrics_of(part, {}) if one.value is not None}
            made.append(
                SliceReference(
                    name=part.name,
                    rule=part.rule,
                    rows=worth,
                    loss=float(values.mean()),
                    error=standard_error(values),
                    metrics=metrics,
                )
            )
    return tuple(made)


def score(slicing: Slicing, rows: Measured, order: NDArray[np.intp] | None, before: Sequence[SliceReference]) -> Sliced:
    """Return loss and metrics of each slice with the probability of such a rise by chance; `decide` judges them.

    `order` are the places by time of the rows that `slicing` has, None if they were added in order of time.
    """
    known = {(each.rule, each.name): each for each in before}
    scores, findings = [], list(_empty(slicing, len(rows.lost)))
    for part in slicing.parts(order, before):
        if part.merged:
            kept = f"of its values {part.merged:,} are one slice, {part.name!r}; the others are slices of their own"
            findings.append(SLICE_LEVELS.found(f"{part.rule}: {kept}", observed=float(part.merged)))
        if len(part.places):
            then = known.get((part.rule, part.name))
            found = _score(part, *rows.values(part), then)
            if found.rows >= LEAST_ROWS:
                found = changed(found, metrics=rows.metrics_of(part, then.metrics if then else {}))
            scores.append(found)
    return Sliced(tuple(scores), tuple(findings))


def not_read(lost: Mapping[str, str]) -> tuple[Finding, ...]:
    """Report slices that read a column which the rows do not have: titles with that column."""
    return tuple(
        SLICE_NOT_READ.found(
            f"the slice {title!r} reads {name!r}, which is not read: no feature of the champion, or lost by the source"
        )
        for title, name in lost.items()
    )


def decide(scores: Iterable[SliceScore], level: float) -> tuple[SliceScore, ...]:
    """Return the scores with `worse` where the probability of the rise by chance is at most `level`.

    `level` is that of the family of all that a check tests (`drift.verdicts.family_level`); slices may overlap. A rise
    of less than 5% of the reference is negligible.
    """
    return tuple(
        changed(each, standing="worse")
        if each.p_value is not None and each.p_value <= level and (each.rise or 0.0) >= LEAST_RISE
        else each
        for each in scores
    )


def decide_found(found: Iterable[FoundSlice], level: float) -> tuple[FoundSlice, ...]:
    """Return discovered slices with `worse` where chance explains the loss with a probability of at most `level`."""
    return tuple(
        changed(each, worse=each.p_value <= level and relative_rise(each.loss, each.other_loss) >= LEAST_RISE)
        for each in found
    )


def discovered(found: Iterable[FoundSlice]) -> tuple[Finding, ...]:
    """Report discovered slices that are worse than the other rows."""
    return tuple(
        SLICE_DISCOVERED.found(each.sentence(), observed=each.loss, limit=each.other_loss)
        for each in found
        if each.worse
    )


def not_searched(reason: str) -> Finding:
    """Report that no slices could be searched for."""
    return SLICES_NOT_SEARCHED.found(f"no slices were searched for: {reason}; the rest of the check is not affected")


def own(lost: Floats, target: NDArray[Any], part: Part, loss: Loss, weights: Floats | None) -> tuple[Floats, int]:
    """Return values of the rows of a slice whose mean is the loss there, and the effective number of these rows.

    `lost`, `target` and `weights` are of all rows.
    """
    values = lost[part.places]
    mine = None if weights is None else scaled(weights[part.places])
    made = loss.whole(values, target[part.places] if loss.relative else values, mine)
    return made, len(values) if mine is None else round(effective_rows(mine))


def _score(part: Part, lost: Floats, worth: int, before: SliceReference | None) -> SliceScore:
    mean, low, high = mean_interval(lost)
    found = SliceScore(
        name=part.name,
        rule=part.rule,
        rows=worth,
        loss=mean,
        low=max(low, 0.0),
        high=high,
        reference_loss=before.loss if before else None,
        reference_rows=before.rows if before else None,
        standing="no_reference",
    )
    if worth < LEAST_ROWS:
        return changed(found, standing="too_few_rows")
    if before is None or before.rows < LEAST_ROWS:
        return found
    p_value = _p_value(mean, standard_error(lost), worth, before)
    return found if p_value is None else changed(found, standing="well", p_value=p_value)


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
        names = list(known)[1 : len(each.bins)] if each.bins else list(known)
        for name in names:
            if any((piece == known[name]).any() for piece in pieces):
                continue
            yield SLICE_EMPTY.found(f"the slice {name!r} has none of {rows:,} labeled rows ({each.rule})", observed=0.0)
