"""Metrics of a model on one batch as plain numbers, and the labeled rows of each class by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.metrics import Metric
from driftloop.monitoring.metrics.measuring import measure, pairs_of

Floats = NDArray[np.float64]


def ends_of(
    metrics: Sequence[Metric],
    loss: Loss,
    classes: tuple[str, ...],
    truth: NDArray[Any],
    predicted: Floats,
    weights: Floats | None,
) -> Floats:
    """Return value, low and high of each metric on rows in order of time, NaN where there is none: (metrics, 3)."""
    decided = loss.decide(predicted, classes) if classes else None
    found = measure(metrics, pairs_of(truth, predicted, classes, decided, weights))
    ends = [[np.nan if end is None else end for end in (one.value, one.low, one.high)] for one in found]
    return np.array(ends, dtype=np.float64).reshape(len(metrics), 3)


def class_rows(labels: pd.Series, edges: NDArray[np.int64]) -> tuple[dict[str, int], ...]:
    """Return the rows of each class by batch; `edges`, shape (2, batches), are where batches start and stop.

    >>> class_rows(pd.Series(["a", "b", "b"]), np.array([[0, 1], [1, 3]]))
    ({'a': 1, 'b': 0}, {'a': 0, 'b': 2})
    """
    codes, names = pd.factorize(labels.astype(str), sort=True)
    starts, stops = edges.tolist()
    counts = [np.bincount(codes[a:b], minlength=len(names)).tolist() for a, b in zip(starts, stops, strict=True)]
    return tuple(dict(zip(map(str, names), of_batch, strict=True)) for of_batch in counts)
