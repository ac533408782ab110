"""The archive of a replay: models that could serve again, judged by the same comparison as in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.archive import Scored, leader, leads
from driftloop.monitoring.archive.judging import MOST_WINDOWS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """Models that are kept, `keep` of them: the newest former champions, then `history`, the best ranked first.

    `waves[i, j]`, shape (B, B, W), are the slowest waves of the losses of model i on batch j.
    """

    waves: Floats
    keep: int = 8
    history: tuple[int, ...] = ()
    _tables: dict[int, dict[int, Scored]] = field(default_factory=dict, repr=False)

    def table(self, loss: Floats, batch: int) -> Mapping[int, Scored]:
        """Return every model on one batch, as the comparison reads it."""
        if batch not in self._tables:
            waves = self.waves[:batch, batch].tolist()
            losses = loss[:batch, batch].tolist()
            self._tables[batch] = {model: Scored(losses[model], waves[model]) for model in range(batch)}
        return self._tables[batch]


class Shelf:
    """The archive of one policy as it is replayed."""

    def __init__(self, kept: Kept, loss: Floats, first: int) -> None:
        self.kept, self.loss = kept, loss
        self.former = [first]

    def add(self, model: int) -> None:
        """Note a new champion."""
        self.former.append(model)

    def better(self, champion: int, labelled: int) -> tuple[int, float] | None:
        """Return the model to switch back to and its lead, by the batches up to `labelled` unknown to all models."""
        newest = max(self.former)
        former = [model for model in dict.fromkeys(reversed(self.former)) if model != champion]
        names = {champion, *[*former, *self.kept.history][: self.kept.keep]}
        batches = range(labelled, max(newest, labelled - MOST_WINDOWS), -1)
        tables = [self.kept.table(self.loss, batch) for batch in batches]
        windows = [{name: table[name] for name in names} for table in tables]
        found = leads(windows, champion)
        best = leader(found)
        return None if best is None else (best, found[best].difference)


def rank_history(loss: Floats, short: int = 0) -> tuple[int, ...]:
    """Return the models of a history, the one closest to a fresh model first; pass the part that was known at the time.

    A model's rank is its mean loss on all later batches, each in units of the freshest model's loss there. The first
    `short` models learned from less than a whole training window and come last.

    >>> nan = np.nan
    >>> rank_history(np.array([[nan, 1.0, 1.5, 1.0], [nan, nan, 1.0, 3.0], [nan, nan, nan, 1.0], [nan] * 4]))
    (2, 0, 1)
    """
    later = np.triu(np.ones(loss.shape, dtype=bool), 1)[:-1, 1:]
    fresh = np.diag(loss, 1)
    ratio = np.where(later, loss[:-1, 1:] / np.where(fresh > 0, fresh, np.nan), np.nan)
    known = np.isfinite(ratio)
    means = np.where(known, ratio, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return tuple(sorted(range(len(means)), key=lambda model: (model < short, means[model], -model)))
