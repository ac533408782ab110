"""What was learned moves towards what was measured, by no more than the evidence is worth."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from driftloop.monitoring.policies.learning import relearn
from driftloop.monitoring.records import Learned, Outcome, PastCheck

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.2, 0.3), handicap=0.3, batches=10)


def past_check(age: float, *, gap: float | None = None, loss: float | None = None) -> PastCheck:
    return PastCheck(now=NOW, outcome=Outcome.STEADY, age_batches=age, gap=gap, loss=loss)


def test_nothing_measured_changes_nothing_but_the_count() -> None:
    """Checks without a loss, and those of an aged model, teach neither the loss of a batch nor the probe bias."""
    assert relearn(KNOWN, []) == KNOWN
    after = relearn(KNOWN, [past_check(3.0, loss=9.0), past_check(1.0)])
    assert after == KNOWN.model_copy(update={"batches": 12})


def test_the_loss_of_a_fresh_model_counts_as_one_batch() -> None:
    """One loss among the nine of the backtest counts a tenth."""
    assert relearn(KNOWN, [past_check(1.0, loss=3.0)]).batch_loss == pytest.approx(2.1)


def test_late_labels_make_a_model_that_much_younger_than_its_age() -> None:
    """With labels two windows late, a model three windows old is as fresh as one could be."""
    assert relearn(KNOWN, [past_check(3.0, loss=3.0)], lag=2.0).batch_loss == pytest.approx(2.1)
    assert relearn(KNOWN, [past_check(3.0, loss=3.0)], lag=1.0).batch_loss == KNOWN.batch_loss


def test_gaps_are_left_to_the_policies() -> None:
    """They read every probe from the history; here it would count a second time."""
    assert relearn(KNOWN, [past_check(4.0, gap=9.0)]).age_gap == KNOWN.age_gap


def test_the_probe_bias_moves_towards_what_was_seen() -> None:
    """It comes nearer to the miss that followed a probe, the slower the more batches are behind it."""
    quick, slow = (relearn(KNOWN.model_copy(update={"batches": n}), [], excess=1.3).handicap for n in (4, 99))
    assert 0.3 < slow < quick < 1.3
    assert slow == pytest.approx(0.31)


def test_what_is_not_finite_teaches_nothing() -> None:
    """An endless loss changes neither number."""
    after = relearn(KNOWN, [past_check(1.0, loss=float("inf"))], excess=float("nan"))
    assert (after.batch_loss, after.handicap) == (KNOWN.batch_loss, KNOWN.handicap)


def test_one_bad_batch_does_not_distort() -> None:
    """A loss of fifteen batches counts as three, and a failed challenger moves the bias by one batch at most."""
    after = relearn(KNOWN, [past_check(1.0, loss=30.0)], excess=-1e9)
    assert after.batch_loss == pytest.approx((9 * 2.0 + 6.0) / 10)
    assert after.handicap == pytest.approx(0.3 - 2.0 / 11)
    assert relearn(KNOWN, [past_check(1.0, loss=0.0)]).batch_loss == pytest.approx((9 * 2.0 + 2.0 / 3) / 10)


def test_without_a_unit_the_first_losses_make_it() -> None:
    """A backtest whose batches cost nothing limits no loss."""
    nothing = KNOWN.model_copy(update={"batch_loss": 0.0})
    assert relearn(nothing, [past_check(1.0, loss=3.0)]).batch_loss == pytest.approx(0.3)
