"""How well each signal predicts the gain of a retrain: its rank correlation with the true gap. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.records import Learned, Record
from driftloop.pipelines.backtest.replay import Scores

if TYPE_CHECKING:
    from driftloop.pipelines.backtest.matrices import Matrices

Floats = NDArray[np.float64]
MOST_POINTS = 300
# Drift is scored on so many pairs at most: that takes time.
MOST_SCORED = 150


class SignalRank(Record):
    """One signal over pairs of a model and a later batch: Spearman's rank correlation with the gap, and some points.

    The gap is the model's loss minus that of a fresh one, in percent of a fresh model's mean loss. `correlation` is
    None for a signal that never changes. `points` are at most 300 pairs of (signal, gap), evenly spread.
    """

    name: str
    correlation: float | None
    pairs: int
    points: tuple[tuple[float, float], ...]


def rank_signals(matrices: Matrices, learned: Learned, scores: Scores | None = None) -> tuple[SignalRank, ...]:
    """Rank the signals, the best first: probe, rise of the loss, age, and drift where it is scored.

    A model that is fresh has no gap by definition, so pairs begin with the second batch after the training.
    """
    loss, probe = matrices.loss, matrices.probe
    size = len(loss)
    older = [(i, j) for i in range(size - 2) for j in range(i + 2, size)]
    fresh = np.array([loss[j - 1, j] for _, j in older])
    gap = 100 * (np.array([loss[i, j] for i, j in older]) - fresh) / learned.batch_loss
    cheap = np.array([loss[i, j] - (probe[j - 1, j] - learned.handicap) for i, j in older])
    named: dict[str, Floats] = {
        "probe (percent)": 100 * cheap / learned.batch_loss,
        "rise of the loss (percent)": np.array([100 * (loss[i, j] / loss[i, i + 1] - 1) for i, j in older]),
        "age (batches)": np.array([float(j - i) for i, j in older]),
    }
    made = [_ranked(name, values, gap) for name, values in named.items()]
    if scores is not None:
        step = max(1, -(-len(older) // MOST_SCORED))
        found = [[one for one in scores(i, j) if one.role == "feature"] for i, j in older[::step]]
        share = np.array([np.mean([one.drifted for one in some]) if some else np.nan for some in found])
        score = np.array([np.mean([one.score for one in some]) if some else np.nan for some in found])
        made.append(_ranked("drifted features (share)", share, gap[::step]))
        made.append(_ranked("mean drift score", score, gap[::step]))
    return tuple(sorted(made, key=lambda one: -abs(one.correlation or 0.0)))


def _ranked(name: str, values: Floats, gap: Floats) -> SignalRank:
    step = max(1, -(-len(gap) // MOST_POINTS))
    points = tuple((float(x), float(y)) for x, y in zip(values[::step], gap[::step], strict=True))
    return SignalRank(name=name, correlation=_spearman(values, gap), pairs=len(gap), points=points)


def _spearman(one: Floats, other: Floats) -> float | None:
    """Pearson's correlation of the ranks, ties sharing theirs; None where one of the two never changes."""
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(one), rankdata(other)])
    if not np.isfinite(np.concatenate([one, other])).all() or (ranks.std(axis=1) == 0).any():
        return None
    return float(np.corrcoef(ranks)[0, 1])
