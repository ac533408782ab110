"""The archive of a replay: versions that could serve again, judged by the same comparison as in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.archive import Scored, leader, leads
from driftloop.monitoring.archive.judging import MOST_WINDOWS
from driftloop.pipelines.backtest.cures import Gains, Served

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
    """The archive of one policy as it is replayed. With `gains`, recalibrated versions are kept as any other."""

    def __init__(self, kept: Kept, loss: Floats, first: Served, gains: Gains | None = None) -> None:
        self.kept, self.loss, self.gains = kept, loss, gains
        self.served = [first]

    def add(self, version: Served) -> None:
        """Note a new champion: the newest one comes first, also if it served before."""
        self.served.append(version)

    def better(self, champion: Served, labelled: int) -> tuple[Served, float] | None:
        """Return the version to switch back to and its lead, by the batches up to `labelled` unknown to all of them."""
        newest = max(version.newest for version in self.served)
        known = dict.fromkeys([*reversed(self.served), *map(Served, self.kept.history)])
        names = [champion, *[version for version in known if version != champion][: self.kept.keep]]
        batches = range(labelled, max(newest, labelled - MOST_WINDOWS), -1)
        found = leads([{name: self._scored(name, batch) for name in names} for batch in batches], champion)
        best = leader(found)
        return None if best is None else (best, found[best].difference)

    def _scored(self, version: Served, batch: int) -> Scored:
        plain = self.kept.table(self.loss, batch)[version.model]
        return plain if self.gains is None else self.gains.scored(plain, version, batch)


def rank_history(loss: Floats, short: int = 0) -> tuple[int, ...]:
    """Return the models of a history in the order in which they complete each other; pass the part known at the time.

    On each batch the best of the models chosen so far counts, by its loss in units of a fresh model's, and at most with
    the mean of all models on all batches. The next one is the model that lowers the sum over the batches most, so that
    the first few cover each state of the data (greedy k-median; Nemhauser, Wolsey and Fisher 1978 bound its distance
    from the best choice). The batch after its own training does not count for a model: there each is as good as fresh.
    The first `short` models learned from less than a whole training window and come last.

    >>> nan = np.nan
    >>> loss = np.array([[nan, 1.0, 3.0, 1.0, 3.0], [nan, nan, 1.0, 3.0, 1.0], [nan, nan, nan, 1.0, 2.0],
    ...                  [nan, nan, nan, nan, 1.0], [nan] * 5])
    >>> rank_history(loss)  # 1 is best on the last batch, 0 on the one before
    (1, 0, 3, 2)
    """
    ratio = relative_losses(loss)
    known = np.isfinite(ratio)
    useless = float(ratio[known].mean()) if known.any() else 1.0
    ratio = np.where(known, np.minimum(ratio, useless), useless)
    order: list[int] = []
    for models in (range(short, len(loss) - 1), range(min(short, len(loss) - 1))):
        left, best = list(models), np.full(len(loss), useless)
        while left:
            sums = np.minimum(ratio[left], best).sum(axis=1)
            model = left[len(left) - 1 - int(np.argmin(sums[::-1]))]
            best = np.minimum(best, ratio[model])
            left.remove(model)
            order.append(model)
    return tuple(order)


def relative_losses(loss: Floats) -> Floats:
    """Return the losses in units of a fresh model's on the same batch: NaN up to a model's first batch, shape (B, B).

    >>> relative_losses(np.array([[np.nan, 1.0, 3.0], [np.nan, np.nan, 2.0], [np.nan] * 3])).tolist()[0]
    [nan, nan, 1.5]
    """
    fresh = np.append(np.nan, np.diag(loss, 1))
    later = np.triu(np.ones(loss.shape, dtype=bool), 2)
    return np.where(later, loss / np.where(fresh > 0, fresh, np.nan), np.nan)
