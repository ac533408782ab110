"""What recalibrations of each model of a history gain: fitted on one batch, applied to the batches after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.causes import mean_amount
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import WAVES, waves
from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.pipelines.training.recalibration import Recalibration, recalibrate

if TYPE_CHECKING:
    from driftloop.pipelines.backtest.matrices import Job
    from driftloop.pipelines.backtest.store import Row
    from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]
# Batches after its own on which a recalibration is measured; later ones count as the last of them.
SERVED = 24
MOST_ROWS = 2_000
"""Rows of each batch that are used at most, spread evenly over it."""


@dataclass(frozen=True)
class Recalibrated:
    """What recalibrations gain, by the batch that they are fitted on; NaN where the gain there is not significant.

    `gains`, shape (..., 2 + SERVED): the gain on the newer half of the batch after a fit on the older half, the lower
    end of its 95% CI, and after a fit on the whole batch the gains on the next batches. `waves`, shape
    (..., SERVED, WAVES), are the slowest waves of the latter, in half the precision: they are by far the most numbers.
    """

    gains: Floats
    waves: NDArray[np.float32]

    @classmethod
    def none(cls, *shape: int) -> Recalibrated:
        """Return no gain at all."""
        return cls(np.full((*shape, 2 + SERVED), np.nan), np.full((*shape, SERVED, WAVES), np.nan, np.float32))


def measure(batches: Sequence[Scored]) -> Recalibrated:
    """Return the gains of recalibrations of one model, by the batch that it is fitted on."""
    made = Recalibrated.none(len(batches))
    for at, batch in enumerate(batches):
        half = len(batch.target) // 2
        judged, whole = batch.fitted(slice(None, half)), batch.fitted(slice(None))
        if judged is None or whole is None:
            continue
        gain = mean_amount(batch.gains(judged, slice(half, None)))
        if not gain.significant or gain.value <= 0:
            continue
        later = [each.gains(whole, slice(None)) for each in batches[at + 1 : at + 1 + SERVED]]
        # Batches that were not measured count as the last one that was.
        made.gains[at] = later[-1].mean() if later else gain.value
        made.gains[at, :2] = gain.value, gain.low
        made.gains[at, 2 : 2 + len(later)] = [each.mean() for each in later]
        found = np.array([_waves(each) for each in later or [np.zeros(0)]])
        made.waves[at, : len(found)], made.waves[at, len(found) :] = found, found[-1]
    return made


def _waves(gains: Floats) -> Floats:
    """Return the slowest waves of the gains of one batch, as many for few rows as for many."""
    found = np.zeros(WAVES)
    if len(gains) > 1:
        some = waves(gains)
        found[: len(some)] = some
    return found


def joined(rows: Sequence[Row]) -> Recalibrated:
    """Return the gains of all models, by model and batch; where none could be trained the one before serves."""
    size = len(rows) + 1
    made = Recalibrated.none(size, size)
    for place, row in enumerate(rows):
        later, before = slice(place + 1, None), place - 1
        found = row.recalibrated
        if row.impossible:
            made.gains[place, later], made.waves[place, later] = made.gains[before, later], made.waves[before, later]
        elif found is not None:
            made.gains[place, later], made.waves[place, later] = found.gains, found.waves
    return made


@dataclass(frozen=True)
class Scored:
    """Labels, predictions and weights of some rows of a batch, in order of time."""

    loss: Loss
    classes: tuple[str, ...]
    target: NDArray[Any]
    predicted: Floats
    weights: Floats | None

    def fitted(self, part: slice) -> Recalibration | None:
        """Return a recalibration that is fitted on a part."""
        weights = self._weights(part)
        return recalibrate(self.loss, self.target[part], self.predicted[part], self.classes, weights).made

    def gains(self, made: Recalibration, part: slice) -> Floats:
        """Return by how much each row of a part loses less with a recalibration."""
        loss, truth, old = self.loss, self.target[part], self.predicted[part]
        before, after = (
            loss.whole(loss.rows(truth, some, self.classes), truth, self._weights(part))
            for some in (old, made.apply(old))
        )
        return np.asarray(before - after)

    def _weights(self, part: slice) -> Floats | None:
        return None if self.weights is None else scaled(self.weights[part])


def scored(job: Job, scorer: Scorer, first: int, end: int) -> tuple[Scored, ...]:
    """Return the batches from `first` to before `end` with the predictions of a model."""
    starts, stops = job.edges
    columns, made = job.config.columns, []
    for batch in range(first, end):
        step = max(1, -(-int(stops[batch] - starts[batch]) // MOST_ROWS))
        rows = job.scored.iloc[starts[batch] : stops[batch] : step]
        target, weights = rows[columns.target].to_numpy(), weights_of(rows, columns)
        made.append(Scored(job.config.loss, scorer.classes, target, scorer.predict(rows), weights))
    return tuple(made)
