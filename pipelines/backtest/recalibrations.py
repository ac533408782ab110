"""What recalibrations of each model of a history gain: fitted on one batch, applied to the batches after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.causes import mean_amount
from driftloop.monitoring.losses import Loss
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


def measure(batches: Sequence[Scored]) -> Floats:
    """Return gains of recalibrations of one model, by the batch that it is fitted on.

    Shape (batches, 2 + SERVED): the gain on the newer half after a fit on the older half, the lower end of its 95% CI,
    and after a fit on the whole batch the gains on the next batches. NaN where the gain is not significant.
    """
    made = np.full((len(batches), 2 + SERVED), np.nan)
    for at, batch in enumerate(batches):
        half = len(batch.target) // 2
        judged, whole = batch.fitted(slice(None, half)), batch.fitted(slice(None))
        if judged is None or whole is None:
            continue
        gain = mean_amount(batch.gains(judged, slice(half, None)))
        if not gain.significant or gain.value <= 0:
            continue
        later = batches[at + 1 : at + 1 + SERVED]
        made[at, :2] = gain.value, gain.low
        made[at, 2 : 2 + len(later)] = [each.gains(whole, slice(None)).mean() for each in later]
        # Batches that were not measured count as the last one that was.
        made[at, 2 + len(later) :] = made[at, 1 + len(later)] if later else gain.value
    return made


def joined(rows: Sequence[Row]) -> Floats:
    """Return the gains of all models, shape (B, B, 2 + SERVED); where none could be trained the one before serves."""
    size = len(rows) + 1
    gains = np.full((size, size, 2 + SERVED), np.nan)
    for place, row in enumerate(rows):
        later = gains[place - 1, place + 1 :] if row.impossible else row.recalibrated
        gains[place, place + 1 :] = np.nan if later is None else later
    return gains


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
