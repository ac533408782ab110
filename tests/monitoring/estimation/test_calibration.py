"""Calibration makes shares of scores, and the expected loss is what comes out on average."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.estimation import apply_calibration, expected_losses, learn_calibration
from driftloop.monitoring.losses import named

CLASSES = ("a", "b", "c")


def answers(truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One class a row, drawn by its true probabilities."""
    drawn = (generator.random(len(truth))[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    return np.asarray(CLASSES[: truth.shape[1]], dtype=object)[drawn]


def overconfident(truth: np.ndarray) -> np.ndarray:
    """Scores of a model that is surer than it may be."""
    sharp = truth**3
    return np.asarray(sharp / sharp.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("loss", ["log_loss", "brier", "error_rate"])
@pytest.mark.parametrize("k", [2, 3])
def test_the_expected_loss_is_the_realized_one_where_the_raw_scores_are_far_off(loss: str, k: int) -> None:
    """On 20,000 rows of an overconfident model the estimate is within 3%; its own scores would say far too little."""
    generator = np.random.default_rng(0)
    truth = generator.dirichlet(np.ones(k), 40_000)
    predicted, target = overconfident(truth), answers(truth, generator)
    old, new = slice(0, 20_000), slice(20_000, None)
    learnt = learn_calibration(predicted[old], target[old], CLASSES[:k])
    calibrated = apply_calibration(predicted[new], learnt)
    expected = expected_losses(named(loss), predicted[new], calibrated, CLASSES[:k]).mean()
    realised = named(loss).rows(target[new], predicted[new], CLASSES[:k]).mean()
    assert expected == pytest.approx(realised, rel=0.03)
    assert expected_losses(named(loss), predicted[new], predicted[new], CLASSES[:k]).mean() < 0.85 * realised


def test_shares_rise_with_scores_and_are_never_certain() -> None:
    """However few rows a block has, its share is between 0 and 1, and no share is below that of a lower score."""
    generator = np.random.default_rng(1)
    for n in (2, 5, 50, 500):
        scores = generator.random(n).round(1)
        target = np.where(generator.random(n) < scores, "b", "a").astype(object)
        (learnt,) = learn_calibration(np.column_stack([1 - scores, scores]), target, ("a", "b"))
        assert all(0 < share < 1 for share in learnt.shares)
        assert list(learnt.shares) == sorted(learnt.shares)
        assert list(learnt.scores) == sorted(set(learnt.scores))


def test_calibrated_rows_sum_to_one() -> None:
    """Three classes are calibrated one by one and brought back to a whole."""
    generator = np.random.default_rng(2)
    truth = generator.dirichlet(np.ones(3), 300)
    learnt = learn_calibration(truth, answers(truth, generator), CLASSES)
    np.testing.assert_allclose(apply_calibration(truth, learnt).sum(axis=1), 1.0)


def test_the_order_of_the_rows_does_not_matter() -> None:
    """Rows of equal scores are pooled as one, so shuffled rows give the same calibration."""
    generator = np.random.default_rng(3)
    scores = generator.random(200).round(1)
    target = np.where(generator.random(200) < scores, "b", "a").astype(object)
    predicted, order = np.column_stack([1 - scores, scores]), generator.permutation(200)
    (one,) = learn_calibration(predicted, target, ("a", "b"))
    (other,) = learn_calibration(predicted[order], target[order], ("a", "b"))
    np.testing.assert_allclose(one.shares, other.shares)
