"""The naive opponent: what a constant, learnt from the training labels, would lose on the holdout."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from driftloop.monitoring.config import Task
from driftloop.monitoring.losses.performance import row_losses

Floats = NDArray[np.float64]


def naive_losses(train_target: ArrayLike, holdout_target: ArrayLike, task: Task, loss: str) -> Floats:
    """The loss of every held-out row under the best constant: the least that a model must beat.

    It is the median for mae, the mean for mse, the shares of the classes for log_loss and brier, and the most
    frequent class for error_rate (of equally frequent ones the first by name). Missing labels are not counted in
    training. Shape of the answer: (n,).

    >>> naive_losses([1.0, 2.0, 9.0], [2.0, 3.0], "regression", "mae").tolist()
    [0.0, 1.0]
    >>> naive_losses(["a", "a", "b"], ["a", "b"], "binary", "error_rate").tolist()
    [0.0, 1.0]
    """
    known = pd.Series(np.asarray(train_target)).dropna()
    truth = np.asarray(holdout_target)
    if task == "regression":
        numbers = known.to_numpy(dtype=np.float64)
        constant = float(np.median(numbers) if loss == "mae" else np.mean(numbers))
        return row_losses(loss, truth, np.full(len(truth), constant))
    classes, counts = np.unique(known.to_numpy(dtype=str), return_counts=True)
    shares = np.broadcast_to(counts / counts.sum(), (len(truth), len(classes)))
    return row_losses(loss, truth, shares, [str(name) for name in classes])
