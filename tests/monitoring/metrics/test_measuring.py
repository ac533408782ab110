"""Intervals of metrics are honest for independent and for dependent rows; matrices and bins count all rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from driftloop.monitoring.metrics import Pairs, named
from driftloop.monitoring.metrics.measuring import (
    MOST_CLASSES,
    calibration,
    confusion,
    interval,
    joined,
    measure,
    pairs_of,
)


def two(second: np.ndarray, target: np.ndarray) -> Pairs:
    predicted = np.column_stack([1 - second, second])
    return pairs_of(np.where(target, "yes", "no").astype(object), predicted, ("no", "yes"), (second > 0.5).astype(int))


def independent(generator: np.random.Generator) -> Pairs:
    """1,000 rows, calibrated."""
    second = generator.uniform(size=1000)
    return two(second, generator.uniform(size=1000) < second)


def days(generator: np.random.Generator) -> Pairs:
    """A week in which every day is easy or hard as a whole."""
    second = generator.uniform(size=2100)
    hard = np.repeat(generator.uniform(0, 0.4, 7), 300)
    truth = np.where(generator.uniform(size=2100) < hard, 1 - second, second)
    return two(second, generator.uniform(size=2100) < truth)


@pytest.mark.parametrize("drawn", [independent, days])
@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "f1", "recall"])
def test_the_interval_holds_the_truth(name: str, drawn: Callable[[np.random.Generator], Pairs]) -> None:
    """At least 180 of 200 intervals at 95 % hold the value of very many rows, also where a whole day goes wrong.

    At 90 % fewer than 166 would be a miss of more than four standard errors; intervals that take the rows of days as
    independent hold it in about 60%.
    """
    generator = np.random.default_rng(1)
    metric = named(name)
    many = [drawn(generator) for _ in range(200)]
    truth = float(np.mean([metric.value(some) for some in many]))
    held = 0
    for some in many:
        low, high = interval(metric, some, metric.value(some)) or (0.0, 0.0)
        held += low <= truth <= high
    assert held >= 180


def test_the_interval_narrows_with_rows() -> None:
    """A hundred times the rows give about a tenth of the width."""
    generator = np.random.default_rng(0)
    metric = named("rmse")

    def width(rows: int) -> float:
        each = []
        for _ in range(60):
            some = pairs_of(generator.normal(size=rows), np.zeros(rows), ())
            low, high = interval(metric, some, metric.value(some)) or (0.0, 0.0)
            each.append(high - low)
        return float(np.mean(each))

    assert width(10_000) == pytest.approx(width(100) / 10, rel=0.2)


def test_few_rows_have_no_interval() -> None:
    """Fewer than two rows a block have a value and no interval."""
    (found,) = measure([named("rmse")], pairs_of(np.arange(19.0), np.zeros(19), ()))
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_rows_are_put_into_their_order() -> None:
    """Parts that come in another order than that of time have the same interval."""
    generator = np.random.default_rng(0)
    target, predicted = np.cumsum(generator.normal(size=400)), np.zeros(400)
    moments = np.datetime64("2026-01-01") + np.arange(400).astype("timedelta64[m]")
    halves = [slice(200, 400), slice(0, 200)]
    parts = [pairs_of(target[half], predicted[half], ()) for half in halves]
    found = joined(parts, np.argsort(np.concatenate([moments[half] for half in halves]), kind="stable"))
    assert found.target.tolist() == target.tolist()
    assert measure([named("rmse")], found) == measure([named("rmse")], pairs_of(target, predicted, ()))


def test_a_confusion_matrix_counts_rows() -> None:
    """Rows are labels and columns decisions; of many classes the most frequent are kept, and all rows are counted."""
    target = np.array(["no", "no", "yes", "new"], dtype=object)
    predicted = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.5, 0.5]])
    found = confusion(pairs_of(target, predicted, ("no", "yes"), predicted.argmax(axis=1)))
    assert (found.classes, found.counts, found.rows) == (("no", "yes"), ((1, 1), (0, 1)), 4)
    names = tuple(f"c{at:02}" for at in range(30))
    rows = np.repeat(np.arange(30), np.arange(1, 31))
    many = confusion(pairs_of(np.array(names, dtype=object)[rows], np.eye(30)[rows], names, rows))
    assert many.classes == names[-MOST_CLASSES:]
    assert confusion(pairs_of(np.ones(3), np.ones(3), ())) is None


def test_calibration_bins_hold_all_rows() -> None:
    """Each bin has its rows, their mean probability and the share that was measured."""
    bins = calibration(two(np.array([0.05, 0.05, 0.95, 0.95]), np.array([False, False, True, False])))
    assert [(one.rows, round(one.predicted, 6), one.observed) for one in bins] == [(2, 0.05, 0.0), (2, 0.95, 0.5)]
    assert calibration(pairs_of(np.ones(3), np.ones(3), ())) == ()
