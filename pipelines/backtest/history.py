"""Models of the history for the archive: the order in which they are kept, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Moment, Record, Window
from driftloop.pipelines.backtest.shelf import rank_history, relative_losses


class Ranked(Record):
    """A model of the history, trained on the rows up to `end`, and scored on `batches` later ones.

    `loss` is its mean loss on them in units of a fresh model's, without the batch right after its training; None if
    there is no other.
    """

    end: Moment
    batches: int
    loss: float | None

    @property
    def sentence(self) -> str:
        """Return where the model comes from.

        >>> Ranked(end="2026-01-08T00:00Z", batches=12, loss=1.0421).sentence
        "kept by a backtest: on 12 later batches its loss was 1.04 times a fresh model's"
        """
        if self.loss is None:
            return "kept by a backtest"
        return f"kept by a backtest: on {self.batches} later batches its loss was {self.loss:.3g} times a fresh model's"


class KeptModel(Record):
    """One model of the history: its version and rank in the archive, or the reason why it is not kept.

    `trained` is false for a version that an earlier backtest had stored.
    """

    end: Moment
    version: str | None = None
    rank: int | None = None
    trained: bool = False
    reason: str | None = None


def ranked(loss: NDArray[np.float64], windows: Sequence[Window], short: int) -> tuple[Ranked, ...]:
    """Return the models of a history by rank; `windows` are the batches at whose ends they were trained."""
    relative = relative_losses(loss)
    found = []
    for model in rank_history(loss, short):
        losses = relative[model][np.isfinite(relative[model])]
        mean = float(losses.mean()) if len(losses) else None
        found.append(Ranked(end=windows[model].end, batches=len(losses), loss=mean))
    return tuple(found)


def kept_sentence(kept: Sequence[KeptModel]) -> str:
    """Return what became of the models of a history, for a terminal.

    >>> day = "2026-01-08T00:00Z"
    >>> kept_sentence([KeptModel(end=day, version="2", rank=1, trained=True), KeptModel(end=day, reason="no rows")])
    'kept for the archive: 1 model of the history (version 2; 1 trained now). Not kept: 2026-01-08 (no rows)'
    """
    versions = [one for one in kept if one.rank is not None]
    refused = ", ".join(f"{one.end:%Y-%m-%d} ({one.reason})" for one in kept if one.rank is None)
    rest = f". Not kept: {refused}" if refused else ""
    if not versions:
        return f"no model of the history is kept for the archive{rest}"
    numbers = ", ".join(str(one.version) for one in versions)
    trained = sum(one.trained for one in versions)
    several = "s" * (len(versions) > 1)
    return (
        f"kept for the archive: {len(versions)} model{several} of the history (version{several} {numbers}; {trained} "
        f"trained now){rest}"
    )
