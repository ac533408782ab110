"""What was learned moves towards what was measured, keeps its shape, and by no more than the evidence is worth."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from monitoring.learning import relearn
from monitoring.records import Learned, Outcome, PastCheck

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KNOWN = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.2, 0.3), handicap=0.3, batches=10)


def seen(age: float, *, gap: float | None = None, loss: float | None = None) -> PastCheck:
    return PastCheck(now=NOW, outcome=Outcome.STEADY, age_batches=age, gap=gap, loss=loss)


def test_nothing_measured_changes_nothing_but_the_count() -> None:
    """Checks without a probe, and not of a fresh model, teach neither gap nor loss nor handicap."""
    assert relearn(KNOWN, []) == KNOWN
    after = relearn(KNOWN, [seen(3.0, loss=9.0)])
    assert after == KNOWN.model_copy(update={"batches": 11})


def test_the_curve_never_falls_and_starts_at_zero() -> None:
    """Whatever the probes say, negative gaps included: older is never better than younger."""
    generator = np.random.default_rng(0)
    for _ in range(50):
        ages, gaps = generator.uniform(1, 12, 8), generator.normal(0, 2, 8)
        curve = relearn(KNOWN, [seen(a, gap=g) for a, g in zip(ages, gaps, strict=True)]).age_gap
        assert curve[0] == 0
        assert list(curve) == sorted(curve)
        assert min(curve) >= 0


def test_a_measured_gap_pulls_its_age_by_its_weight() -> None:
    """One gap among the eight pairs of the backtest that lie one batch apart counts a ninth."""
    curve = relearn(KNOWN, [seen(2.0, gap=0.19)]).age_gap
    assert curve[1] == pytest.approx((8 * 0.1 + 0.19) / 9)
    assert curve[2:] == KNOWN.age_gap[2:]


def test_late_labels_make_a_model_that_much_younger_than_its_age() -> None:
    """With labels two batches late, a model of four batches is one older than the freshest there could be."""
    assert relearn(KNOWN, [seen(4.0, gap=1.0)], lag=2.0).age_gap == relearn(KNOWN, [seen(2.0, gap=1.0)]).age_gap


def test_ages_that_no_backtest_reached_are_added() -> None:
    """A gap at an age beyond the curve makes it longer; the ages in between lie between."""
    curve = relearn(KNOWN, [seen(8.0, gap=2.0)]).age_gap
    assert len(curve) == 8
    assert curve[7] == pytest.approx(2.0)
    assert all(0.3 <= gap <= 2.0 for gap in curve[3:])


def test_the_handicap_moves_towards_what_was_seen() -> None:
    """It comes nearer to the miss that followed a probe, the slower the more batches stand behind it."""
    quick, slow = (relearn(KNOWN.model_copy(update={"batches": n}), [], behind=1.3).handicap for n in (4, 99))
    assert 0.3 < slow < quick < 1.3
    assert slow == pytest.approx(0.31)


def test_a_loss_without_end_teaches_nothing() -> None:
    """Infinite losses and gaps are left out."""
    after = relearn(KNOWN, [seen(1.0, loss=float("inf")), seen(2.0, gap=float("inf"))])
    assert (after.batch_loss, after.age_gap) == (KNOWN.batch_loss, KNOWN.age_gap)
