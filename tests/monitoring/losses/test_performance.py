"""Losses mean what their names say, and the interval around a mean is honest."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.performance import assess, mean_interval
from driftloop.monitoring.records import Window

WINDOW = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 8, tzinfo=UTC))
losses = st.lists(st.floats(0, 1e6), min_size=1, max_size=60).map(np.array)


def classified(k: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, list[str]]:
    generator = np.random.default_rng(k)
    names = ["a", "b", "c", "d"][:k]
    return generator.choice(names, n).astype(object), generator.dirichlet(np.ones(k), n), names


def test_regression_losses_are_those_of_scikit_learn() -> None:
    """The mean of the rows' losses is the metric of that name."""
    generator = np.random.default_rng(0)
    target, predicted = generator.normal(size=200), generator.normal(size=200)
    assert named("mae").rows(target, predicted).mean() == pytest.approx(metrics.mean_absolute_error(target, predicted))
    assert named("mse").rows(target, predicted).mean() == pytest.approx(metrics.mean_squared_error(target, predicted))


@pytest.mark.parametrize("k", [2, 3, 4])
def test_class_losses_are_those_of_scikit_learn(k: int) -> None:
    """Log loss, Brier score (halved for two classes) and error rate agree with the metrics of those names."""
    target, predicted, names = classified(k)
    likeliest = np.array(names)[predicted.argmax(axis=1)]
    truth = target[:, None] == np.array(names)[None, :]
    brier = (
        metrics.brier_score_loss(target, predicted[:, 1], pos_label="b")
        if k == 2
        else ((predicted - truth) ** 2).sum(axis=1).mean()
    )
    assert named("log_loss").rows(target, predicted, names).mean() == pytest.approx(metrics.log_loss(target, predicted))
    assert named("brier").rows(target, predicted, names).mean() == pytest.approx(brier)
    assert named("error_rate").rows(target, predicted, names).mean() == pytest.approx(
        1 - metrics.accuracy_score(target.astype(str), likeliest)
    )


@pytest.mark.parametrize("loss", ["log_loss", "brier", "error_rate"])
def test_an_unseen_class_costs_at_least_as_much_as_any_wrong_one(loss: str) -> None:
    """A label that the model has never seen is a probability of zero, never an exception and never a bargain."""
    predicted = np.array([[0.9, 0.1], [0.9, 0.1]])
    unseen, wrong = named(loss).rows(np.array(["new", "b"], dtype=object), predicted, ["a", "b"])
    assert math.isfinite(unseen)
    assert unseen >= wrong > 0


def test_a_certain_and_right_prediction_costs_nothing() -> None:
    """No loss is negative, also where a probability is a rounding error above one."""
    predicted = np.array([[1.0 + 1e-12, 0.0]])
    for loss in ("log_loss", "brier", "error_rate"):
        assert named(loss).rows(np.array(["a"], dtype=object), predicted, ["a", "b"])[0] == pytest.approx(0, abs=1e-9)
        assert named(loss).rows(np.array(["a"], dtype=object), predicted, ["a", "b"])[0] >= 0


@given(losses)
def test_the_mean_is_within_its_interval(values: np.ndarray) -> None:
    """The interval holds the mean, and the same losses give the same interval."""
    mean, low, high = mean_interval(values)
    assert low <= mean <= high
    assert mean_interval(values) == (mean, low, high)


@given(st.floats(0, 1e6), st.integers(2, 50))
def test_equal_losses_have_no_spread(loss: float, rows: int) -> None:
    """Where every row costs the same there is nothing to doubt."""
    mean, low, high = mean_interval(np.full(rows, loss))
    assert mean == pytest.approx(loss)
    assert high - low == pytest.approx(0, abs=1e-9 * max(loss, 1))


@pytest.mark.parametrize("values", [[3.0], [1.0, math.inf, 2.0], [1.0, math.nan], [1e308, 1e308, 1e308]])
def test_what_proves_nothing_leaves_the_interval_unbounded(values: list[float]) -> None:
    """One row, or losses beyond all numbers, are no evidence, for or against."""
    _, low, high = mean_interval(np.array(values))
    assert (low, high) == (-math.inf, math.inf)


def test_huge_losses_still_have_an_interval() -> None:
    """Squares of the spread may leave the range of floats; the interval does not."""
    _, low, high = mean_interval(np.array([1e200, 2e200, 1e200, 3e200]))
    assert -math.inf < low < high < math.inf


def independent(generator: np.random.Generator) -> np.ndarray:
    return generator.normal(1, 1, 200)


def skewed(generator: np.random.Generator) -> np.ndarray:
    return generator.lognormal(0, 1, 1000) - math.exp(0.5) + 1


def days(generator: np.random.Generator) -> np.ndarray:
    """A week in which every day is good or bad as a whole."""
    return 1 + np.repeat(generator.normal(0, 0.3, 7), 300) + generator.normal(0, 1, 2100)


def remembering(generator: np.random.Generator) -> np.ndarray:
    """Neighbors that correlate by 0.9."""
    noise, made = generator.normal(0, 1, 1100), np.zeros(1100)
    for n in range(1, 1100):
        made[n] = 0.9 * made[n - 1] + noise[n]
    return 1 + made[100:]


@pytest.mark.parametrize("drawn", [independent, skewed, days, remembering])
def test_the_interval_covers_the_truth(drawn: Callable[[np.random.Generator], np.ndarray]) -> None:
    """A 95% CI holds the true mean about 19 times in 20, also where neighboring rows are alike.

    Of 400 draws at 95 % fewer than 360 would be a miss of more than four standard errors. Batch means in 30 batches,
    the usual choice, cover 63% of such weeks.
    """
    generator = np.random.default_rng(1)
    intervals = [mean_interval(drawn(generator)) for _ in range(400)]
    assert sum(low <= 1 <= high for _, low, high in intervals) >= 360
    assert sum(low > 1 for _, low, _ in intervals) <= 30


def test_the_interval_narrows_with_rows() -> None:
    """A hundred times the rows give about a tenth of the width: the interval is no mere formality."""
    generator = np.random.default_rng(0)

    def width(rows: int) -> float:
        each = [mean_interval(generator.normal(1, 1, rows)) for _ in range(200)]
        return float(np.mean([high - low for _, low, high in each]))

    assert width(10_000) == pytest.approx(width(100) / 10, rel=0.15)


@given(losses)
def test_no_interval_of_a_loss_is_negative(values: np.ndarray) -> None:
    """A mean of numbers that are not negative cannot be below zero."""
    performance = assess(values, loss_name="mae", window=WINDOW, reference_loss=1.0)
    assert 0 <= performance.low <= performance.loss + 1e-9
    assert performance.rows == len(values)
