"""Recalibrations of a replay: when one replaces a retrain, and what it gains. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.archive import Scored
from driftloop.monitoring.policies.recalibrating import Prices, plan
from driftloop.monitoring.records import Decision, PastCheck, Probe, Signals, changed

Floats = NDArray[np.float64]
TINY = 1e-12


class Served(NamedTuple):
    """A version of a replay: the model of the end of a batch, recalibrated on the batch `fitted`, None if it is not."""

    model: int
    fitted: int | None = None

    @property
    def newest(self) -> int:
        """Return the newest batch that it has learned from."""
        return self.model if self.fitted is None else max(self.model, self.fitted)


@dataclass(frozen=True)
class Gains:
    """Gains of recalibrations, shape (B, B, 2 + n), NaN without one: by model and the batch that it is fitted on.

    `values[i, k, 0]` is the gain on the newer half of batch k after a fit on the older half, `values[i, k, 1]` the
    lower end of its 95% CI; `values[i, k, 2 + d]` the gain on batch k + 1 + d after a fit on the whole batch.
    `price` is that of a recalibration, as a fraction of one batch's loss. `waves`, shape (B, B, n, W), are the slowest
    waves of these later gains; without them, a gain has no error where versions are compared.
    """

    values: Floats
    price: float
    waves: NDArray[np.float32] | None = None
    _leads: dict[int, Floats] = field(default_factory=dict, repr=False)

    def measured(self, model: int, fitted: int) -> tuple[float, float] | None:
        """Return the measured gain of a recalibration and the lower end of its interval; None without one."""
        gain, low = self.values[model, fitted, :2]
        return None if np.isnan(gain) else (float(gain), float(low))

    def lead(self, version: Served, batch: int) -> float:
        """Return by how much a recalibrated model loses less on a batch; 0 for a model that is not recalibrated.

        On the batch that it was fitted on it is the measured gain; after the last measured batch, the gain there.
        """
        return 0.0 if version.fitted is None else float(self.leads(batch)[version])

    def leads(self, batch: int) -> Floats:
        """Return `lead` of all models by the batch that they are recalibrated on, shape (B, B)."""
        if batch not in self._leads:
            fitted = np.arange(self.values.shape[1])
            known = np.concatenate([self.values[:, :, :1], self.values[:, :, 2:]], axis=2)
            at = np.clip(batch - fitted, 0, known.shape[2] - 1)
            self._leads[batch] = known[:, fitted, at]
        return self._leads[batch]

    def scored(self, plain: Scored, version: Served, batch: int) -> Scored:
        """Return a version on a batch after the one that it was fitted on; `plain` is its model there."""
        if version.fitted is None:
            return plain
        waves = plain.waves
        if self.waves is not None:
            later = self.waves[version]
            waves = (np.asarray(waves) - later[min(batch - version.fitted, len(later)) - 1]).tolist()
        return Scored(plain.loss - self.lead(version, batch), waves)


@dataclass
class Cure:
    """The recalibrations of one policy as it is replayed.

    `references` are the losses of recalibrated versions on rows that they were not fitted on.
    """

    gains: Gains
    prices: Prices
    references: dict[Served, float] = field(default_factory=dict)

    def observed(self, signals: Signals, past: PastCheck, version: Served, labelled: int) -> tuple[Signals, PastCheck]:
        """Return what a check sees of a champion that may be recalibrated, and leaves behind."""
        measured = signals.performance
        if version.fitted is None or measured is None or past.loss is None:
            return signals, past
        lead, name = self.gains.lead(version, labelled), f"{version.model} on {version.fitted}"
        moved = {"loss": measured.loss - lead, "low": measured.low - lead, "high": measured.high - lead}
        judged = changed(measured, **moved, reference_loss=self.references[version])
        low = None if past.loss_low is None else past.loss_low - lead
        later = changed(past, champion=name, loss=past.loss - lead, loss_low=low)
        return changed(signals, champion=name, performance=judged), later

    def probed(self, probe: Probe, version: Served, labelled: int) -> Probe:
        """Return a probe of a champion that may be recalibrated."""
        lead = self.gains.lead(version, labelled)
        return changed(probe, champion_loss=probe.champion_loss - lead, gap=probe.gap - lead)

    def replaces(
        self, decision: Decision, signals: Signals, version: Served, labelled: int
    ) -> tuple[Served, float] | None:
        """Return the recalibrated version that replaces a retrain that is due, and its gain; None for the retrain."""
        model = version.model
        planned, found = plan(self.prices, decision, signals, None), self.gains.measured(model, labelled)
        if planned is None or found is None or version.fitted == labelled:
            return None
        gained = self.gains.lead(version, labelled)
        gain, low = (value - gained for value in found)
        if low <= 0 or gain < planned.least or signals.performance is None:
            return None
        made = Served(model, labelled)
        self.references[made] = max(signals.performance.loss - gain, TINY)
        return made, gain


def best_with_recalibrations(
    loss: Floats, gains: Gains, cost: float, price: float, start: int, label_delay: int = 0
) -> tuple[float, tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Return the least total cost from batch `start` on, the batches at whose end to retrain, and to recalibrate.

    As in `best_schedule`, and at `price` the serving model can also be recalibrated on the newest labeled batch, where
    its measured gain is significant. By dynamic programming from the last batch back, over the models and the batches
    that they are recalibrated on.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 5.0, 5.0], [nan, nan, 4.0, 5.0], [nan, nan, nan, 4.5], [nan] * 4])
    >>> values = np.full((4, 4, 3), nan)
    >>> values[0, 1] = (3.0, 2.0, 3.0)
    >>> best_with_recalibrations(loss, Gains(values, 0.01), cost=1.0, price=0.1, start=1)
    (5.1, (), ((1, 1),))
    """
    batches = len(loss)
    last, first = batches - 1, start - 1 - label_delay
    found = np.isfinite(gains.values[:, :, 0])
    plain, cured = np.zeros(batches), np.zeros((batches, batches))
    ways: dict[int, tuple[NDArray[np.int8], NDArray[np.int8]]] = {}
    for batch in range(last, start - 1, -1):
        newest = batch - label_delay
        retrain = np.where(np.arange(batches) < newest, cost + plain[newest], np.inf)
        again = np.where(found[:, newest], price + cured[:, newest], np.inf)
        if batch == last:
            retrain, again = np.full(batches, np.inf), np.full(batches, np.inf)
        choices = np.stack([plain, retrain, again])
        others = np.stack([cured, np.tile(retrain[:, None], batches), np.tile(again[:, None], batches)])
        ways[batch] = choices.argmin(axis=0).astype(np.int8), others.argmin(axis=0).astype(np.int8)
        plain = loss[:, batch] + choices.min(axis=0)
        cured = loss[:, batch, None] - gains.leads(batch) + others.min(axis=0)
    schedule, moves, model, fitted = [], [], first, None
    for batch in range(start, last):
        way = ways[batch][0][model] if fitted is None else ways[batch][1][model, fitted]
        if way == 1:
            model, fitted = batch - label_delay, None
            schedule.append(batch)
        elif way == 2:
            fitted = batch - label_delay
            moves.append((batch, fitted))
    return float(plain[first]), tuple(schedule), tuple(moves)
