"""The naive opponent: what a constant, learned from the training labels, would lose on the holdout."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.rows.weights import scaled

Floats = NDArray[np.float64]


def naive_losses(
    train_target: ArrayLike,
    holdout_target: ArrayLike,
    loss: Loss,
    train_weights: Floats | None = None,
    holdout_weights: Floats | None = None,
) -> Floats:
    """The loss of every held-out row under the best constant (`Loss.best`): the least that a model must beat.

    The mean of the values is the loss of all held-out rows (`Loss.whole`). Missing labels are not counted in training.
    Shape of the answer: (n,).

    >>> from driftloop.monitoring.losses import named
    >>> naive_losses([1.0, 2.0, 9.0], [2.0, 3.0], named("mae")).tolist()
    [0.0, 1.0]
    >>> naive_losses(["a", "a", "b"], ["a", "b"], named("error_rate")).tolist()
    [0.0, 1.0]
    """
    known = pd.Series(np.asarray(train_target)).dropna()
    weights = None if train_weights is None else scaled(train_weights[known.index])
    truth, of_truth = np.asarray(holdout_target), scaled(holdout_weights)
    if loss.numeric(known.to_numpy()):
        best = loss.best(known.to_numpy(dtype=np.float64), (), weights)
        return loss.whole(loss.rows(truth, np.full(len(truth), best)), truth, of_truth)
    names = known.to_numpy(dtype=str)
    classes = [str(name) for name in np.unique(names)]
    shares = loss.best(names, classes, weights)
    lost = loss.rows(truth, np.broadcast_to(shares, (len(truth), len(classes))), classes)
    return loss.whole(lost, truth, of_truth)
