"""Recalibration: it repairs what a function of the predictions can, and claims nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.losses import Loss, named
from driftloop.monitoring.losses.cost_matrix import CostMatrix
from driftloop.monitoring.losses.custom import Custom
from driftloop.pipelines.training.recalibration import LEAST_ROWS, Attempt, Recalibration, measured_gain, recalibrate

N = 2000
RNG = np.random.default_rng(0)
TRUTH = RNG.gamma(5.0, 2.0, N)
NUMBERS = ("mae", "mse", "huber(1)", "pinball(0.9)", "wape", "poisson_deviance")


@pytest.mark.parametrize("name", NUMBERS)
def test_moved_numbers_are_moved_back(name: str) -> None:
    """A level that moved is repaired for each loss of numbers; right predictions are not changed."""
    loss = named(name)
    right = np.clip(TRUTH + RNG.normal(0, 0.5, N), 0.1, None) + (0.64 if name == "pinball(0.9)" else 0.0)
    wrong = 0.6 * right
    gain = measured_gain(loss, TRUTH, wrong)
    assert gain is not None
    assert gain.low is not None
    assert 0 < gain.low < gain.gain
    made = recalibrate(loss, TRUTH, wrong).made
    assert made is not None
    before, after = (loss.whole(loss.rows(TRUTH, p), TRUTH).mean() for p in (wrong, made.apply(wrong)))
    assert after < 0.7 * before
    assert measured_gain(loss, TRUTH, right) is None


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_overconfident_scores_are_repaired(name: str, classes: tuple[str, ...]) -> None:
    """Probabilities that are too extreme are made right, and remain probabilities."""
    loss, logits = named(name), RNG.normal(0, 1.0, (N, len(classes)))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = np.array([classes[RNG.choice(len(classes), p=p)] for p in true], dtype=object)
    wrong = np.exp(4 * logits) / np.exp(4 * logits).sum(axis=1, keepdims=True)
    gain = measured_gain(loss, target, wrong, classes)
    assert gain is not None
    made = recalibrate(loss, target, wrong, classes).made
    assert made is not None
    applied = made.apply(wrong)
    assert applied.min() >= 0
    assert np.allclose(applied.sum(axis=1), 1.0)
    assert loss.rows(target, applied, classes).mean() < loss.rows(target, wrong, classes).mean()
    again = Recalibration.model_validate_json(made.model_dump_json())
    assert np.allclose(again.apply(wrong), applied)


def test_what_is_not_a_function_of_the_predictions_is_not_repaired() -> None:
    """Noise, few rows, missing predictions and constant ones have no gain."""
    loss = named("mae")
    assert measured_gain(loss, TRUTH, np.full(N, float(np.median(TRUTH)))) is None
    assert measured_gain(loss, TRUTH[: LEAST_ROWS - 1], TRUTH[: LEAST_ROWS - 1] + 5) is None
    assert recalibrate(loss, TRUTH, np.full(N, np.nan)).made is None
    weights = RNG.uniform(0.5, 2.0, N)
    gain = measured_gain(loss, TRUTH, TRUTH + 5, (), weights)
    assert gain is not None
    assert gain.gain == pytest.approx(5.0)


def lost(loss: Loss, predicted: np.ndarray, target: np.ndarray = TRUTH, classes: tuple[str, ...] = ()) -> float:
    return float(loss.whole(loss.rows(target, predicted, classes), target).mean())


@pytest.mark.parametrize("name", [*NUMBERS, "gamma_deviance", "tweedie(1.5)"])
def test_the_chosen_function_has_the_lowest_loss_near_it(name: str) -> None:
    """Slope and intercept minimize the loss of the config, not the squared error: no small step lowers it further."""
    loss = named(name)
    predicted = 0.5 * TRUTH + RNG.exponential(2.0, N)
    made = recalibrate(loss, TRUTH, predicted).made
    assert made is not None
    least = lost(loss, made.apply(predicted))
    for slope in (0.97, 1.03):
        steps = (0.0,) if made.method == "scale" else (-0.05, 0.0, 0.05)
        for step in steps:
            moved = slope * made.slope * predicted + made.intercept + step
            assert lost(loss, np.maximum(moved, 1e-9)) >= least - 1e-6 * abs(least)


def test_decisions_of_a_cost_matrix_are_repaired() -> None:
    """Scores that are too low make the decision too late; true probabilities cost less."""
    loss = CostMatrix(costs={"no": {"yes": 1}, "yes": {"no": 4}})
    true = RNG.beta(1, 4, N)
    target = np.where(RNG.random(N) < true, "yes", "no").astype(object)
    low = np.column_stack([1 - true**2, true**2])
    made = recalibrate(loss, target, low, ("no", "yes")).made
    assert made is not None
    assert lost(loss, made.apply(low), target, ("no", "yes")) < lost(loss, low, target, ("no", "yes"))


def test_a_custom_loss_is_lowered_or_the_reason_is_stated() -> None:
    """A loss that is no function of the difference is searched; one that refuses moved predictions has a reason."""
    relative = Custom(function="tests.custom_losses:infinite")
    made = recalibrate(relative, TRUTH, TRUTH + 3.0).made
    assert made is not None
    assert lost(relative, made.apply(TRUTH + 3.0)) < 0.5 * lost(relative, TRUTH + 3.0)
    strict = Custom(function="tests.custom_losses:only_whole_numbers")
    found = recalibrate(strict, TRUTH, np.round(TRUTH))
    assert found == Attempt(None, f"not applicable: {strict} accepts no moved predictions")


def test_the_reason_of_no_recalibration_has_its_numbers() -> None:
    """Too few rows, and no method that lowers the loss."""
    loss = named("mae")
    assert "42 labeled rows" in recalibrate(loss, TRUTH[:42], TRUTH[:42]).reason
    assert "no method lowers mae 0" in recalibrate(loss, TRUTH, TRUTH).reason
