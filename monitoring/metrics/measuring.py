"""Metrics of labeled rows with their intervals, their confusion matrix and their calibration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.metrics import Metric, NotComputable, Pairs
from driftloop.monitoring.metrics.base import matrix_sums
from driftloop.monitoring.metrics.calibration_error import BINS, binned
from driftloop.monitoring.records import CalibrationBin, Confusion, MetricValue, changed
from driftloop.monitoring.rows.weights import scaled

Floats = NDArray[np.float64]
BLOCKS = 6
DRAWS = 400
CONFIDENCE = 0.95
LEAST_ROWS = 20
# Classes of a confusion matrix in a record: the most frequent ones.
MOST_CLASSES = 12


def pairs_of(
    target: NDArray[Any],
    predicted: Floats,
    classes: Sequence[str],
    decided: NDArray[np.intp] | None = None,
    weights: Floats | None = None,
) -> Pairs:
    """Return what metrics are computed from, a few numbers a row.

    `target` has shape (n,): floats, or names of classes. `predicted` has shape (n,) for numbers and (n, k) with the
    probabilities of `classes` otherwise; `decided` are then the places of the predicted classes.
    """
    if decided is None:
        return Pairs(np.asarray(target, dtype=np.float64), predicted, np.empty(0, dtype=np.int32), (), weights)
    k = len(classes)
    places = np.full(len(target), k, dtype=np.int32)
    labels = np.asarray(target, dtype=object)
    for place, name in enumerate(classes):
        places[labels == name] = place
    score = predicted[:, 1] if k == 2 else predicted[np.arange(len(predicted)), decided]
    return Pairs(places, np.asarray(score, dtype=np.float64), decided.astype(np.int32), tuple(classes), weights)


def joined(parts: Sequence[Pairs], order: NDArray[np.intp] | None) -> Pairs:
    """Return the rows of all parts in order of time; `order` are their places by time, None if they are in order.

    Weights have a mean of 1 over all parts; if all of them are equal, there are none.
    """
    classes = parts[0].classes
    weights = [part.weights for part in parts if part.weights is not None]
    whole = Pairs(
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.decided for part in parts]),
        classes,
        scaled(np.concatenate(weights)) if weights else None,
    )
    return whole if order is None else whole.at(order)


def measure(
    metrics: Iterable[Metric],
    pairs: Pairs,
    reference: Mapping[str, float] | None = None,
    *,
    intervals: bool = True,
) -> tuple[MetricValue, ...]:
    """Return the value of each metric with an interval, and the champion's value on its reference where it is known.

    A metric that cannot be computed has no value, and `reason` is the cause.
    """
    known = reference or {}
    return tuple(_measured(metric, pairs, known.get(metric.name), intervals) for metric in metrics)


def interval(metric: Metric, pairs: Pairs, value: float) -> tuple[float, float] | None:
    """Return the 95% CI of a metric by a block bootstrap; None for fewer than 20 rows, or if it has no spread.

    The rows are cut into six blocks of neighbors, which are drawn with replacement 400 times: Carlstein (1986), The use
    of subseries values for estimating the variance of a general statistic from a stationary sequence; Künsch (1989),
    The jackknife and the bootstrap for general stationary observations. Blocks keep what neighboring rows have in
    common. With so few of them the standard deviation of the draws is compared with Student's t of five degrees of
    freedom. The ends do not leave the range of the metric.
    """
    from scipy.stats import t

    if len(pairs) < LEAST_ROWS:
        return None
    starts = (np.arange(BLOCKS) * len(pairs)) // BLOCKS
    sums = metric.sums(pairs, starts)
    weights = np.random.default_rng(0).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=DRAWS).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = metric.of_sums(weights @ sums)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < DRAWS / 2:
        return None
    half = float(t.ppf(0.5 + CONFIDENCE / 2, BLOCKS - 1)) * float(drawn.std()) * math.sqrt(BLOCKS / (BLOCKS - 1))
    if not math.isfinite(half):
        return None
    return max(value - half, metric.low), min(value + half, metric.high)


def confusion(pairs: Pairs) -> Confusion | None:
    """Return the rows by label and predicted class, of the most frequent classes; None for numbers.

    Under weights each row counts as its weight, with a mean of 1, so that the sum of all is the number of rows.
    """
    k = len(pairs.classes)
    if not k or not len(pairs):
        return None
    matrix = matrix_sums(pairs, pairs.decided, np.zeros(1, dtype=np.intp)).reshape(k + 1, k)
    size = matrix[:k].sum(axis=1) + matrix.sum(axis=0)
    kept = sorted(np.argsort(-size, kind="stable")[:MOST_CLASSES].tolist())
    return Confusion(
        classes=tuple(pairs.classes[place] for place in kept),
        counts=tuple(tuple(_count(matrix[row, column], pairs) for column in kept) for row in kept),
        rows=len(pairs),
    )


def class_rows(pairs: Pairs) -> dict[str, int]:
    """Return the number of rows of each class, weights aside; none for numbers."""
    if not pairs.classes:
        return {}
    counts = np.bincount(pairs.target, minlength=len(pairs.classes)).tolist()
    return dict(zip(pairs.classes, counts, strict=False))


def calibration(pairs: Pairs) -> tuple[CalibrationBin, ...]:
    """Return rows, mean probability and observed share of each bin that has rows; none for numbers."""
    if not pairs.classes or not len(pairs):
        return ()
    rows, scores, hits = np.split(binned(pairs, np.zeros(1, dtype=np.intp), BINS)[0], 3)
    return tuple(
        CalibrationBin(rows=_count(n, pairs), predicted=float(score / n), observed=float(hit / n))
        for n, score, hit in zip(rows, scores, hits, strict=True)
        if n
    )


def _count(rows: float, pairs: Pairs) -> int | float:
    return int(rows) if pairs.weights is None else round(float(rows), 3)


def _measured(metric: Metric, pairs: Pairs, reference: float | None, intervals: bool) -> MetricValue:
    value = _value(metric, pairs)
    empty = MetricValue(metric=metric.name, better=metric.better, rows=len(pairs), reference=reference)
    if isinstance(value, str):
        return changed(empty, reason=value)
    low, high = (interval(metric, pairs, value) if intervals else None) or (None, None)
    return changed(empty, value=value, low=low, high=high)


def _value(metric: Metric, pairs: Pairs) -> float | str:
    """Return the value, or why there is none."""
    if not len(pairs):
        return "no labeled rows"
    if pairs.not_finite:
        return f"{pairs.not_finite:,} predictions are not finite"
    try:
        value = metric.value(pairs)
    except NotComputable as why:
        return str(why)
    return value if math.isfinite(value) else "the value is not finite"
