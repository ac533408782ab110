"""What a loss matrix teaches: the age curve, the probe bias of a probe, the cost of a batch."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.backtest import learn
from driftloop.pipelines.backtest.learning import monotone


def test_even_aging_is_learned_as_it_is() -> None:
    """Losses that grow by a rate with age give that line, from zero, and the fresh loss as the unit."""
    at = np.arange(8.0)
    learned = learn(2.0 + 0.5 * (at[None, :] - at[:, None] - 1.0))
    assert learned.age_gap == pytest.approx([0.5 * age for age in range(7)])
    assert (learned.batch_loss, learned.batches) == (2.0, 8)


def test_models_with_less_to_learn_from_teach_nothing() -> None:
    """How early models with short windows fared and aged is left out, as far as six batches remain."""
    at = np.arange(10.0)
    whole = 2.0 + 0.5 * (at[None, :] - at[:, None] - 1.0)
    odd = whole.copy()
    odd[:4] *= 3
    learned = learn(odd, whole + 0.25, short=4)
    assert learned.age_gap == learn(whole[4:, 4:]).age_gap
    assert (learned.batch_loss, learned.batches) == (2.0, 6)
    assert learn(odd, short=8) == learn(odd, short=4)


def test_the_probe_bias_is_learned_from_all() -> None:
    """Few batches are left where early models are left out, and a bias from three pairs would be chance."""
    loss = np.ones((10, 10))
    probe = loss + 0.25
    probe[np.arange(7, 9), np.arange(8, 10)] += 5
    assert learn(loss, probe, short=4).handicap == 0.25


@pytest.mark.parametrize("mad", range(3, 12))
@pytest.mark.parametrize("factor", [15.0, 1e6])
def test_one_bad_batch_does_not_move_what_is_learned(mad: int, factor: float) -> None:
    """One batch with many times the loss, wherever it is: unit and gaps up to age 4 stay within a third."""
    at, noise = np.arange(12.0), np.random.default_rng(0)
    loss = (2.0 + 0.2 * (at[None, :] - at[:, None] - 1.0)) * noise.uniform(0.9, 1.1, 12)
    clean = learn(loss)
    loss[:, mad] *= factor
    distorted = learn(loss)
    assert distorted.batch_loss == pytest.approx(clean.batch_loss, rel=0.1)
    assert distorted.age_gap[1:5] == pytest.approx(clean.age_gap[1:5], rel=0.34)


def test_noise_of_small_batches_is_no_aging() -> None:
    """Batches of 80 rows, models that do not age: the mean curve over many histories stays below a tenth of a loss."""
    curves = []
    for seed in range(40):
        rows = np.random.default_rng(seed).exponential(1.0, (12, 12, 80))
        curves.append(learn(rows.mean(axis=2)).age_gap[1:7])
    assert np.mean(curves, axis=0).max() < 0.1


def test_a_hard_batch_is_no_aging() -> None:
    """What is hard for every model alike does not show in the age curve."""
    hard = np.random.default_rng(0).uniform(1, 5, 10)
    assert learn(np.tile(hard, (10, 1))).age_gap == pytest.approx([0.0] * 9)


def test_the_age_curve_starts_at_zero_and_never_falls() -> None:
    """Whatever the matrix, also where old models happen to be better."""
    for seed in range(20):
        curve = learn(np.random.default_rng(seed).normal(5, 2, (12, 12))).age_gap
        assert curve[0] == 0
        assert list(curve) == sorted(curve)


def test_the_probe_bias_is_the_median() -> None:
    """One probe that failed altogether does not move it, and none leaves it at zero."""
    loss = np.ones((9, 9))
    probe = loss + 0.25
    probe[3, 4] = 1e9
    assert learn(loss, probe).handicap == 0.25
    assert learn(loss).handicap == 0.0


def test_monotone_is_the_nearest_that_never_falls() -> None:
    """It agrees with scikit-learn's isotonic regression."""
    from sklearn.isotonic import IsotonicRegression

    generator = np.random.default_rng(0)
    for _ in range(20):
        values, weights = generator.normal(size=15), generator.uniform(0.1, 3, 15)
        expected = IsotonicRegression().fit_transform(np.arange(15), values, sample_weight=weights)
        assert monotone(values, weights) == pytest.approx(expected)
