"""An estimate holds what its interval promises, and states where it does not apply."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.estimation import Domain, LossEstimator, impossible, judge, sum_losses, summarize
from driftloop.monitoring.estimation.judge import self_test
from driftloop.monitoring.records import Estimate

DOMAIN = Domain(low={}, high={}, levels={}, missing=())
INSIDE = np.zeros(200, dtype=bool)


def estimator(realised: np.ndarray, expected: np.ndarray, outside_share: float = 0.0) -> LossEstimator:
    return summarize("dle", "mae", realised=realised, held_back=expected, outside_share=outside_share, domain=DOMAIN)


def good(seed: int = 0, n: int = 500) -> LossEstimator:
    generator = np.random.default_rng(seed)
    expected = generator.gamma(4.0, 0.5, n)
    return estimator(expected * generator.exponential(1.0, n), expected)


def test_the_interval_holds_the_realized_loss_as_often_as_it_states() -> None:
    """Over 400 repeats with 300 fitted and 200 new rows the 95% CI holds the truth in 92% or more."""
    held = 0
    for seed in range(400):
        generator = np.random.default_rng(seed)
        expected = generator.gamma(4.0, 0.5, 500)
        realised = expected * generator.exponential(1.0, 500)
        estimate = judge(estimator(realised[:300], expected[:300]), sum_losses(expected[300:], INSIDE), 2.0)
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= realised[300:].mean() <= estimate.high
    assert held / 400 >= 0.92


def test_fewer_rows_widen_the_interval() -> None:
    """The loss of 50 rows is less certain than that of 200."""
    wide, narrow = (judge(good(), sum_losses(np.full(n, 2.0), np.zeros(n, dtype=bool)), 2.0) for n in (50, 200))
    assert wide.high > narrow.high  # type: ignore[operator]


def refused(result: Estimate, why: str) -> None:
    assert not result.applicable
    assert why in result.reason


def test_it_states_when_it_does_not_apply() -> None:
    """No estimator, few rows, rows elsewhere, numbers that are none, a failed self-test: each with its reason."""
    fine = judge(good(), sum_losses(np.full(200, 2.0), INSIDE), 2.0)
    assert fine.applicable
    assert fine.reason.startswith("mae 2 (")
    refused(
        judge(impossible("dle", "mae", "12 held-out rows"), sum_losses(np.full(200, 2.0), INSIDE), 2.0),
        "12 held-out rows",
    )
    refused(judge(good(), sum_losses(np.full(29, 2.0), INSIDE[:29]), 2.0), "29 rows, 30 needed")
    refused(judge(good(), sum_losses(np.full(200, np.inf), INSIDE), 2.0), "not a finite number")
    elsewhere = np.arange(200) < 40
    refused(judge(good(), sum_losses(np.full(200, 2.0), elsewhere), 2.0), "20.0% of the rows are outside")
    drifting = estimator(np.where(np.arange(500) < 400, 1.0, 3.0), np.ones(500))
    refused(
        judge(drifting, sum_losses(np.full(200, 1.0), INSIDE), 1.0),
        "the self-test failed: estimated 1, measured 3 on 100",
    )


def test_what_the_held_back_rows_were_outside_of_is_subtracted() -> None:
    """Where 30% of the held-back rows lay outside and the test passed, 35% of the current ones are no reason."""
    expected = np.full(500, 2.0)
    wide = estimator(expected, expected, outside_share=0.3)
    assert judge(wide, sum_losses(expected[:200], np.arange(200) < 70), 2.0).applicable
    assert not judge(wide, sum_losses(expected[:200], np.arange(200) < 81), 2.0).applicable


def test_the_self_test_looks_at_the_newest_rows_and_forgives_a_tenth() -> None:
    """A miss of a tenth of the loss passes, a larger one that is significantly fails."""
    wave, newest = np.cos(np.arange(500.0)), np.arange(500) >= 400
    expected = 10 + wave
    assert self_test(expected + 0.9 * newest, expected).passed
    assert not self_test(expected + 1.5 * newest, expected).passed


def test_an_estimator_without_skill_fails_its_test() -> None:
    """Where a row proves nothing about its loss the mean is as good and the estimate would never move."""
    generator = np.random.default_rng(0)
    realised, expected = generator.exponential(1.0, 500), generator.normal(1.0, 0.01, 500)
    estimate = self_test(realised, expected)
    assert not estimate.passed
    assert "no better than a constant" in estimate.reason
    assert self_test(np.ones(500), np.ones(500)).passed, "a loss that is the same for every row is expected"


@pytest.mark.parametrize(("expected", "skill"), [("realised", 1.0), ("mean", 0.0), ("upside down", -3.0)])
def test_skill_is_the_share_of_variance_predicted(expected: str, skill: float) -> None:
    """One for a seer, zero for the mean, below zero for worse than that."""
    wave = np.cos(np.arange(500.0))
    realised = 5 + wave - wave.mean()
    held_back = {"realised": realised, "mean": np.full(500, 5.0), "upside down": 10 - realised}[expected]
    assert self_test(realised, held_back).skill == pytest.approx(skill)


def test_the_interval_holds_in_a_later_period_that_differs() -> None:
    """Residuals with a shift per period, twice as large as their sampling error: at least 90% of 300 are held."""
    held = 0
    for seed in range(300):
        generator = np.random.default_rng(seed)
        expected = generator.gamma(4.0, 0.5, 600)
        shifts = np.repeat(generator.normal(0, 0.3, 6), 100)
        realised = expected + shifts + generator.normal(0, 1.0, 600)
        estimate = judge(estimator(realised[:500], expected[:500]), sum_losses(expected[500:], INSIDE[:100]), 2.0)
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= realised[500:].mean() <= estimate.high
    assert held / 300 >= 0.9
