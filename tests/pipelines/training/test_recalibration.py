"""Recalibration: it repairs what a function of the predictions can, and claims nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.losses import named
from driftloop.pipelines.training.recalibration import LEAST_ROWS, Recalibration, measured_gain, recalibrate

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
    made = recalibrate(loss, TRUTH, wrong)
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
    made = recalibrate(loss, target, wrong, classes)
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
    assert recalibrate(loss, TRUTH, np.full(N, np.nan)) is None
    weights = RNG.uniform(0.5, 2.0, N)
    gain = measured_gain(loss, TRUTH, TRUTH + 5, (), weights)
    assert gain is not None
    assert gain.gain == pytest.approx(5.0)
