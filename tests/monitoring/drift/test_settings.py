"""The false-alarm rate of a check under a promise over a year."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from driftloop.monitoring.drift.settings import YEAR, Drift, FalseAlarms


@pytest.mark.parametrize("per_year", [0.5, 1, 12])
@pytest.mark.parametrize("hours", [0.25, 1, 24, 168, 2_000])
def test_the_rates_of_a_year_of_checks_sum_to_at_most_the_promise(per_year: float, hours: float) -> None:
    """The expected number of alarms is at most the sum of the rates, whatever depends on what."""
    drift = Drift(false_alarms=FalseAlarms(per_year=per_year))
    every = timedelta(hours=hours)
    checks = YEAR // every
    assert checks * drift.rate_after(every) <= per_year * (1 + 1e-9)


def test_irregular_checks_keep_the_promise() -> None:
    """Bursts of checks and long pauses: what a pause left unspent is lost, never spent later."""
    gaps = np.random.default_rng(0).exponential(1, 2_000) ** 3
    gaps *= YEAR / timedelta(seconds=1) / gaps.sum()
    drift = Drift(false_alarms=FalseAlarms(per_year=1))
    rates = [drift.rate_after(timedelta(seconds=gap)) for gap in gaps]
    assert 0.1 < sum(rates) <= 1.0
    assert max(rates) <= drift.false_alarm_rate


def test_the_promise_per_check_stays() -> None:
    """Without the key, at the first check and after a pause it is the rate per check; never above it."""
    both = Drift(false_alarm_rate=0.05, false_alarms=FalseAlarms(per_year=1))
    assert Drift(false_alarm_rate=0.05).rate_after(timedelta(hours=1)) == 0.05
    assert both.rate_after(None) == both.rate_after(timedelta(days=300)) == 0.05
    assert 0 < both.rate_after(timedelta(0)) < 1e-6
